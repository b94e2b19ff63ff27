//! Personal data and tokens: where they are not, and when they go.

use jiff::SignedDuration;

use super::desk::Desk;

const EMAIL: &str = "canary.person@supplier.example";
const COMPANY: &str = "Canary & Sons Unlimited";
const ADDRESS: &str = "203.0.113.77";

/// What names the person, in spellings in which it could come out.
fn traces() -> Vec<String> {
    use base64::Engine as _;
    let mut traces = Vec::new();
    for text in [EMAIL, COMPANY, ADDRESS] {
        traces.push(text.to_owned());
        traces.push(tokenctl::domain::ids::hex(text.as_bytes()));
        let encoded = base64::engine::general_purpose::STANDARD_NO_PAD.encode(text);
        traces.push(encoded[..encoded.len() / 4 * 4 - 4].to_owned());
    }
    traces
}

#[track_caller]
fn assert_silent(place: &str, bytes: &[u8], traces: &[String]) {
    let text = String::from_utf8_lossy(bytes).to_lowercase();
    for trace in traces {
        assert!(!text.contains(&trace.to_lowercase()), "{trace} in {place}");
    }
}

#[test]
fn nothing_on_disk_tells_the_person_or_the_token() {
    let desk = Desk::new();
    let email = format!("--email={EMAIL}");
    let company = format!("--company={COMPANY}");
    let minted = desk.ok(&["invite", "mint", &email, &company, "--format=token", "-vv"]);
    let token = minted.stdout.trim().to_owned();
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &token).unwrap();
    let path = file.path().to_str().unwrap();
    let mut traces = traces();
    traces.push(token.clone());
    traces.push(token.rsplit('.').next().unwrap().to_owned());
    assert_silent("stderr of mint", minted.stderr.as_bytes(), &traces);
    let ip = format!("--ip={ADDRESS}");
    desk.ok(&["invite", "sent", &email]);
    for line in [
        &["invite", "check", path][..],
        &["invite", "access", path, &ip],
        &["invite", "start", path],
        &["invite", "submit", path],
        &["invite", "redeem", path],
    ] {
        let ran = desk.ok(&[line, &["-vv"]].concat());
        assert_silent(&format!("stderr of {line:?}"), ran.stderr.as_bytes(), &traces);
    }
    for line in [
        &["invite", "redeem", path, &ip][..],
        &["invite", "access", path, &ip],
        &["invite", "mint", &email, &company, "--scope=none"],
        &["invite", "mint", "--email=canary.person@supplier.example@", &company],
        &["invite", "show", "--email=canary.person@@supplier.example"],
    ] {
        let ran = desk.run(&[line, &["-vv"]].concat());
        assert_ne!(ran.code, Some(0));
        // A usage error quotes what was typed; nothing else is allowed to.
        if ran.code != Some(2) {
            assert_silent(&format!("{line:?}"), ran.to_string().as_bytes(), &traces);
        }
    }
    for (path, bytes) in desk.place_files() {
        assert_silent(&path.display().to_string(), &bytes, &traces);
    }
    let audit = desk.ok(&["audit", "export"]).stdout;
    assert!(audit.lines().count() > 10);
    assert_silent("the audit log", audit.as_bytes(), &traces);
    let alerts = desk.ok(&["invite", "alerts", "-o", "json"]).stdout;
    assert_silent("the alerts", alerts.as_bytes(), &traces);
}

#[test]
fn clean_up_expires_and_erases() {
    let desk = Desk::new();
    desk.ok(&["invite", "cleanup"]);
    let (done, file) = desk.submitted();
    desk.ok(&["invite", "redeem", &file]);
    let (late, _) = desk.mint_for("bob@supplier.example", &[]);
    let before = desk.generation();
    desk.ok(&["invite", "cleanup"]);
    assert_eq!(desk.generation(), before, "nothing to do is no commit");

    desk.wait(SignedDuration::from_hours(8 * 24));
    let planned = desk.data(&["invite", "cleanup", "--dry-run"]);
    assert_eq!((&planned["stored"], planned["invitations"].as_array().unwrap().len()), (&false.into(), 1));
    assert_eq!(desk.generation(), before);
    let expired = desk.data(&["invite", "cleanup"]);
    assert_eq!(
        expired["invitations"][0],
        serde_json::json!({ "action": "expired", "id": late, "ended_at": "2027-03-08T12:00:00Z" })
    );

    desk.wait(SignedDuration::from_hours(82 * 24));
    let erased = desk.data(&["invite", "cleanup"]);
    let rows = erased["invitations"].as_array().unwrap();
    assert_eq!((rows.len(), &rows[0]["action"], &rows[0]["id"]), (1, &"erased".into(), &done.clone().into()));
    let shown = desk.data(&["invite", "show", &done])["invitations"][0].clone();
    for member in ["email", "company", "requester"] {
        assert!(shown[member].is_null(), "{shown}");
    }
    assert_eq!((&shown["state"], shown["erased_at"].is_string()), (&"consumed".into(), true));
    desk.ends(3, &["invite", "show", "--email=ann@supplier.example"]);
    assert_eq!(desk.data(&["invite", "show", &late])["invitations"][0]["email"], "bob@supplier.example");
    desk.wait(SignedDuration::from_hours(8 * 24));
    assert_eq!(desk.data(&["invite", "cleanup"])["invitations"][0]["id"], late);
    // The trail still holds: it never named anybody.
    desk.ok(&["audit", "verify"]);
    desk.ok(&["vault", "check"]);
    let operations = desk.data(&["audit", "list", "--action=invitation"]);
    assert!(operations["operations"].as_array().unwrap().len() > 8);
}

/// What was erased is erased from the generation before as well.
#[test]
fn the_previous_generation_keeps_nothing() {
    let desk = Desk::new();
    let (id, _) = desk.mint();
    desk.ok(&["invite", "revoke", &id]);
    desk.wait(SignedDuration::from_hours(90 * 24));
    desk.ok(&["invite", "cleanup"]);
    let previous = desk.vault().with_file_name("vault.age.prev");
    let vault = format!("--vault={}", previous.display());
    let ran = desk.run(&[&vault, "invite", "show", &id, "-o", "json"]);
    assert_eq!(ran.code, Some(0), "{ran}");
    assert!(ran.stdout.contains(&id) && ran.stdout.contains("\"email\":null"), "{ran}");
}
