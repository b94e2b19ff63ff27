use crate::common::filters::filtered;
use crate::common::scene::Scene;

const GOOD: &str = "name,account,client_id,scope,tags,company,entity,role\n\
                    a,1234567_SB1,c1,restlets;rest_webservices,team=blue,Acme Ltd,42,1000\n\
                    b,1234567,c2,,,Bolt Inc,,\n";
const MIXED: &str = "name,account,client_id,token_url\n\
                     a,1,c,\n../b,1,c,\nc,1.evil.example,c,\nd,1,c,https://evil.example/t\na,2,c,\ne,2,c,\n";

#[test]
fn csv_in_one_commit() {
    let _filters = filtered();
    let scene = Scene::new();
    scene.place.put("rows.csv", GOOD);
    let generation = || scene.json(&["vault", "info"])["data"]["generation"].as_u64().unwrap();
    let before = generation();
    let dry = scene.dry(&["connection", "import", "rows.csv"]);
    insta::assert_snapshot!(dry, @"
    ROW  NAME  RESULT  MESSAGE
      1  a     ok      -
      2  b     ok      -

    2 succeeded, 0 failed; nothing was stored
    --- stderr
    hint: to make their first keys, run `tokenctl keygen --all-missing`
    --- exit 0
    ");
    insta::assert_snapshot!(scene.ok(&["connection", "import", "rows.csv"]), @"
    ROW  NAME  RESULT  MESSAGE
      1  a     ok      -
      2  b     ok      -

    2 succeeded, 0 failed
    --- stderr
    hint: to make their first keys, run `tokenctl keygen --all-missing`
    --- exit 0
    ");
    assert_eq!(generation(), before + 1);
    let row = scene.json(&["connection", "show", "a"])["data"]["connection"].clone();
    assert_eq!((&row["environment"], &row["tags"]["team"]), (&"sandbox".into(), &"blue".into()));
    assert_eq!(row["company"]["name"], "Acme Ltd");
}

#[test]
fn json_lines_from_standard_input() {
    let scene = Scene::new();
    let lines = scene.place.put(
        "rows.jsonl",
        "{\"name\":\"a\",\"account\":\"1\",\"client_id\":\"c\",\"scope\":[\"restlets\"],\"tags\":{\"t\":\"1\"}}\n\n\
         {\"name\":\"b\",\"account\":\"2\",\"client_id\":\"c\"}\n",
    );
    let mut command = scene.command(&["connection", "import", "-", "-o", "json"]);
    let ran = scene.place.finish(command.stdin(std::fs::File::open(lines).unwrap()));
    assert_eq!(ran.code, Some(0), "{ran}");
    let row = scene.json(&["connection", "show", "a"])["data"]["connection"].clone();
    assert_eq!(row["settings"]["scopes"], serde_json::json!(["restlets"]));
}

#[test]
fn a_result_per_row() {
    let _filters = filtered();
    let scene = Scene::new();
    scene.place.put("rows.csv", MIXED);
    let dry = scene.run(&["connection", "import", "rows.csv", "-n"]);
    let ran = scene.run(&["connection", "import", "rows.csv"]);
    insta::assert_snapshot!(ran, @"
    ROW  NAME  RESULT    MESSAGE
      1  a     ok        -
      2  -     usage     CSV deserialize error: record 2 (line: 3, byte: 40): must be 1 to 64 letters, digits, `.`, `_` or `-`, starting with a letter or digit
      3  -     usage     CSV deserialize error: record 3 (line: 4, byte: 50): must be letters and digits with `_` or `-` between them, such as 1234567_SB1
      4  d     refused   the token URL leads to evil.example, which is not NetSuite's and not trusted by name
      5  a     conflict  there is a connection `a` already
      6  e     ok        -

    2 succeeded, 4 failed
    --- stderr
    error: not every row was imported
      cause: 4 of 6 failed
    --- exit 13
    ");
    assert_eq!((dry.code, ran.code), (Some(13), Some(13)), "the plan says the same: {dry}");
    let again = scene.json(&["connection", "import", "rows.csv"]);
    assert_eq!(again["ok"], false);
    let codes: Vec<_> =
        again["data"]["rows"].as_array().unwrap().iter().map(|row| row["code"].clone()).collect();
    assert_eq!(codes, [5, 2, 2, 9, 5, 5], "{again}");
    let names = scene.ok(&["connection", "list", "-o", "plain", "--fields", "name"]).stdout;
    assert_eq!(names, "a\ne\n");
}

#[test]
fn all_alike_is_that_code_and_nothing_is_written() {
    let scene = Scene::new();
    scene.place.put("bad.csv", "name,account,client_id\n-,1,c\n/,1,c\n");
    scene.refused(2, &["connection", "import", "bad.csv"]);
    scene.place.put("bad.csv", "name,account\na,1\n");
    scene.refused(2, &["connection", "import", "bad.csv"]);
    scene.place.put("bad.csv", "");
    scene.refused(2, &["connection", "import", "bad.csv"]);
    scene.refused(2, &["connection", "import", "missing.csv"]);
}

#[test]
fn a_trusted_host_is_audited() {
    let scene = Scene::new();
    scene.place.put(
        "rows.csv",
        "name,account,client_id,token_url,trust_host\na,1,c,https://proxy.example/t,proxy.example\n",
    );
    scene.ok(&["connection", "import", "rows.csv"]);
    assert!(scene.ok(&["audit", "export"]).stdout.contains("proxy.example"));
}
