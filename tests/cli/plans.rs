//! What `--dry-run` says is what the command then does.

use serde_json::Value;

use crate::common::Ran;
use crate::common::scene::Scene;

/// The report without what a plan cannot know.
fn comparable(ran: &Ran) -> Value {
    fn forget(value: &mut Value) {
        match value {
            Value::Array(items) => items.iter_mut().for_each(forget),
            Value::Object(fields) => {
                fields.retain(|name, _| !["id", "action"].contains(&name.as_str()));
                fields.values_mut().for_each(forget);
            }
            _ => {}
        }
    }
    let mut envelope: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut report = envelope["data"].take();
    forget(&mut report);
    report
}

#[test]
fn what_is_planned_is_what_is_done() {
    let scene = Scene::settled();
    scene.place.put("secret", "a secret");
    scene.ok(&["token", "get", "acme"]);
    let other = ["netsuite", "other", "--account=7654321", "--client-id=x", "--company=New Ltd"];
    let books = ["quickbooks", "books", "--client-id=x", "--client-secret-file=secret"];
    let commands: &[(i32, &[&str])] = &[
        (0, &[&["connection", "add"], &other[..]].concat()),
        (5, &[&["connection", "add"], &other[..]].concat()),
        (0, &["connection", "set", "acme", "--company=New Ltd", "--tag=a=b"]),
        (0, &["connection", "set", "acme", "--entity=43", "--unproven"]),
        (5, &["connection", "set", "other", "--rename=acme"]),
        (0, &["connection", "set", "acme", "--company="]),
        (0, &["connection", "disable", "other"]),
        (0, &["connection", "enable", "other"]),
        (0, &["connection", "remove", "other", "--yes"]),
        (0, &[&["app", "add"], &books[..]].concat()),
        (5, &[&["app", "add"], &books[..]].concat()),
        (0, &["app", "set", "books", "--rename=ledger", "--unproven"]),
        (0, &["app", "remove", "ledger", "--yes"]),
    ];
    for (code, command) in commands {
        let planned = scene.run(&[command, &["--dry-run", "-o", "json"][..]].concat());
        let done = scene.run(&[command, &["-o", "json"][..]].concat());
        assert_eq!(done.code, Some(*code), "{command:?}: {done}");
        assert_eq!(planned.code, done.code, "{command:?}: {planned}");
        assert_eq!(comparable(&planned), comparable(&done), "{command:?}");
    }
}
