use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::common::Place;
use crate::common::filters::filtered;

/// `tokenctl sim` as a process of its own.
struct Sim {
    child: Child,
    url: String,
    vendors: Value,
    place: Place,
}

impl Sim {
    fn start(place: Place, flags: &[&str]) -> Self {
        let mut child =
            place.command(&[&["sim", "-o", "json"], flags].concat()).stdout(Stdio::piped()).spawn().unwrap();
        let mut text = String::new();
        let mut reader = BufReader::new(child.stdout.as_mut().unwrap());
        // The envelope is one line in a pipe; the simulator goes on after it.
        reader.read_line(&mut text).unwrap();
        let envelope: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        let url = envelope["data"]["url"].as_str().unwrap().to_owned();
        Self { child, url, vendors: envelope["data"]["vendors"].clone(), place }
    }

    /// A plain HTTP request by stock curl; returns status and body.
    fn http(&self, method: &str, path: &str, body: Option<&Value>) -> (u16, Value) {
        let mut curl = Command::new("curl");
        curl.args(["-s", "-X", method, "-w", "\n%{http_code}"]);
        if let Some(body) = body {
            curl.args(["-H", "Content-Type: application/json", "-d", &body.to_string()]);
        }
        let output = curl.arg(format!("{}/control{path}", self.url)).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let (body, status) = text.rsplit_once('\n').unwrap();
        (status.parse().unwrap(), serde_json::from_str(body).unwrap_or(Value::Null))
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn a_rehearsal_over_http_alone() {
    let sim = Sim::start(Place::new(), &["--vendor=netsuite"]);
    let place = &sim.place;
    let (status, made) =
        sim.http("POST", "/netsuite/1234567/integrations", Some(&json!({ "client_id": "c" })));
    assert_eq!((status, &made["client_id"]), (200, &"c".into()), "{made}");
    let ok = |arguments: &[&str]| {
        let ran = place.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?} {ran}");
        ran.stdout
    };
    ok(&["init"]);
    let url = format!("--token-url={}/netsuite/1234567/services/rest/auth/oauth2/v1/token", sim.url);
    ok(&[
        "connection",
        "add",
        "netsuite",
        "acme",
        "--account=1234567",
        "--client-id=c",
        "--environment=simulator",
        &url,
    ]);
    ok(&["keygen", "acme", "--algorithm=ec-p256"]);
    let upload = json!({ "certificate": ok(&["cert", "export", "acme"]), "entity": "42", "role": "1000" });
    let (_, uploaded) = sim.http("POST", "/netsuite/1234567/integrations/c/certificates", Some(&upload));
    let id = format!("--certificate-id={}", uploaded["certificate_id"].as_str().unwrap());
    ok(&["cert", "activate", "acme", &id]);
    ok(&["verify", "acme"]);
    let (_, calls) = sim.http("GET", "/calls", None);
    assert_eq!(
        (&calls[0]["endpoint"], &calls[0]["calls"], &calls[0]["succeeded"]),
        (&"token".into(), &2.into(), &2.into())
    );
    let fault = json!({ "endpoint": "token", "fault": { "kind": "refuse", "status": 400, "error": "invalid_grant" } });
    assert_eq!(sim.http("POST", "/faults", Some(&fault)).0, 200);
    assert_eq!(place.run(&["verify", "acme"]).code, Some(4));
    assert_eq!(sim.http("DELETE", "/faults", None).0, 204);
    ok(&["verify", "acme"]);
    let (_, trail) = sim.http("GET", "/netsuite/1234567/login-audit", None);
    assert_eq!(trail[0]["detail"], "Success", "{trail}");
    assert_eq!(sim.http("POST", "/netsuite/1234567/sandbox-refresh", None).1["cleared"], 1);
    assert_eq!(place.run(&["verify", "acme"]).code, Some(4));
}

#[test]
fn faults_from_a_file() {
    for (file, text) in [
        (
            "faults.json",
            r#"[{"endpoint":"token","times":2,"fault":{"kind":"rate-limit","retry_after_seconds":1}}]"#,
        ),
        (
            "faults.toml",
            "[[rules]]\nendpoint = \"token\"\ntimes = 2\nfault = { kind = \"rate-limit\", retry_after_seconds = 1 }\n",
        ),
    ] {
        let place = Place::new();
        place.put(file, text);
        let sim = Sim::start(place, &["--faults", file]);
        let (_, armed) = sim.http("GET", "/faults", None);
        assert_eq!(armed[0]["rule"]["fault"]["kind"], "rate-limit", "{armed}");
        assert_eq!(armed[0]["rule"]["times"], 2);
    }
}

#[test]
fn a_grant_and_its_refresh_over_http_alone() {
    let sim = Sim::start(Place::new(), &["--vendor=quickbooks"]);
    let app = json!({ "client_id": "app", "client_secret": "secret" });
    assert_eq!(sim.http("POST", "/quickbooks/apps", Some(&app)).0, 200);
    let company = json!({ "realm": "77", "name": "Acme" });
    assert_eq!(sim.http("POST", "/quickbooks/companies", Some(&company)).0, 200);
    let grant = json!({ "client_id": "app", "realm": "77" });
    let (_, issued) = sim.http("POST", "/quickbooks/grants", Some(&grant));
    let refresh = || {
        let output = Command::new("curl")
            .args(["-s", "-u", "app:secret", "-d", "grant_type=refresh_token", "--data-urlencode"])
            .arg(format!("refresh_token={}", issued["refresh_token"].as_str().unwrap()))
            .arg(format!("{}/oauth2/v1/tokens/bearer", sim.vendors["quickbooks"].as_str().unwrap()))
            .output()
            .unwrap();
        serde_json::from_slice::<Value>(&output.stdout).unwrap()
    };
    assert!(refresh()["access_token"].is_string());
    assert_eq!(refresh()["error"], "invalid_grant");
    let (_, family) = sim.http("GET", "/quickbooks/families/app/77", None);
    assert_eq!((&family["ended"], &family["reuses"]), (&"token-reused".into(), &1.into()), "{family}");
    assert_eq!(sim.vendors.as_object().unwrap().len(), 1, "the others are not played");
    assert_eq!(sim.http("POST", "/pax8/clients", None).0, 200, "their controls are there all the same");
}

#[test]
fn ctrl_c_ends_it_and_frees_the_port() {
    let mut sim = Sim::start(Place::new(), &[]);
    let address = sim.url.trim_start_matches("http://").to_owned();
    let taken = sim.place.run(&["sim", "--listen", &address]);
    assert_eq!(taken.code, Some(5), "{taken}");
    kill_process(Pid::from_child(&sim.child), Signal::INT).unwrap();
    assert_eq!(sim.child.wait().unwrap().code(), Some(130));
    assert!(std::net::TcpListener::bind(&address).is_ok());
}

#[test]
fn refusals() {
    let _filters = filtered();
    let place = Place::new();
    insta::assert_snapshot!(place.run(&["sim", "--listen=0.0.0.0:0"]), @"
    --- stderr
    error: the simulator listens on loopback addresses only, not on 0.0.0.0:0
    hint: it takes a free port of its own with `tokenctl sim --listen=127.0.0.1:[PORT]`
    --- exit 9
    ");
    place.put("faults.json", r#"[{"fault":{"kind":"gremlin"}}]"#);
    insta::assert_snapshot!(place.run(&["sim", "--faults=faults.json"]), @"
    --- stderr
    error: cannot arm the faults of faults.json
      cause: not a list of faults: unknown variant `gremlin`, expected one of `refuse`, `rate-limit`, `html`, `redirect`, `reset`, `close`, `endless-body`, `deep-json`, `answer-lost`, `answer-withheld`, `refuse-after`, `slow-headers`, `slow-body`, `drip`, `truncated-json`, `truncated-body`, `huge-json`, `missing-token`, `missing-refresh-token`, `token-type`, `token-control-characters`, `expires-in`, `clock-skew`, `foreign-subject`, `rotation-skipped`, `foreign-realm` at line 1 column 27
    hint: which flags there are is shown by `tokenctl sim --help`
    --- exit 2
    ");
    insta::assert_snapshot!(place.run(&["sim", "--vendor=sap"]), @"
    --- stderr
    error: `sap` is not a value of `--vendor`
      cause: it is one of netsuite, quickbooks, pax8, oauth2
    hint: for the usage, run `tokenctl sim --help`
    --- exit 2
    ");
}
