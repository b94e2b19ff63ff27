use crate::common::Place;

/// The demo makes RSA keys as a user would: seconds, so it is told once for all that is to be seen in it.
#[test]
fn tells_the_story_without_a_terminal_and_keeps_it() {
    let place = Place::new();
    let ran = place
        .finish(place.command(&["demo", "--keep", "kept", "-o", "json"]).env_remove("TOKENCTL_TEST_NOW"));
    assert_eq!(ran.code, Some(0), "{ran}");
    let envelope: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
    let steps = envelope["data"]["steps"].as_array().unwrap();

    // Each command that was run is printed, and nothing else is.
    let printed: Vec<_> = ran.stderr.lines().filter_map(|line| line.strip_prefix("$ ")).collect();
    let of_operator = |step: &&serde_json::Value| step["by"] == "operator";
    let run: Vec<_> = steps.iter().filter(of_operator).map(|step| step["step"].as_str().unwrap()).collect();
    assert_eq!(printed, run);
    // The one refusal is part of the story: an invitation works once.
    let codes = |line: &str| {
        let same = |step: &&serde_json::Value| step["step"] == line;
        steps.iter().filter(same).map(|step| step["code"].as_i64().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(codes("tokenctl invite redeem link.txt"), [0, 12]);
    assert_eq!(steps.iter().filter(of_operator).filter(|step| step["code"] != 0).count(), 1);
    for command in [
        "init",
        "connection add",
        "keygen",
        "cert export",
        "cert activate",
        "verify",
        "token get",
        "rotate initiate",
        "rotate confirm",
        "rotate rollback",
        "rotate retire",
        "app add quickbooks",
        "login",
        "token refresh",
        "invite mint",
        "invite check",
        "invite redeem",
        "audit list",
        "audit verify",
        "vault check",
        "status",
    ] {
        assert!(run.iter().any(|line| line.starts_with(&format!("tokenctl {command}"))), "{command}");
    }
    // A token is shown by its beginning only.
    assert!(!ran.stderr.lines().any(|line| line.contains("eyJ") && line.len() > 120));

    // The audit log of the kept vault is a witness that they really ran.
    let look = |arguments: &[&str]| {
        let mut command = place.command(arguments);
        command.env_remove("TOKENCTL_TEST_NOW");
        let kept = place.home().join("kept");
        place.finish(
            command
                .env("XDG_CONFIG_HOME", kept.join("config"))
                .env("XDG_DATA_HOME", kept.join("data"))
                .env("XDG_STATE_HOME", kept.join("state")),
        )
    };
    let actions = look(&["audit", "list", "-o", "plain", "--fields=action"]).stdout;
    for action in [
        "vault.create",
        "key.activate",
        "rotation.initiate",
        "rotation.confirm",
        "rotation.rollback",
        "rotation.retire",
        "grant.login",
        "grant.refresh",
        "invitation.mint",
        "invitation.redeem",
        "invitation.suspicious",
    ] {
        assert!(actions.lines().any(|line| line == action), "{actions}");
    }
    assert_eq!(look(&["vault", "check"]).code, Some(0));

    let again = place.run(&["demo", "--keep", "kept"]);
    assert_ne!(again.code, Some(0), "a folder that exists is left alone: {again}");
    assert!(
        !place.home().join(".local").exists() && !place.home().join(".config").exists(),
        "nothing of the user's own"
    );
}
