use super::*;

fn offered(shell: Shell, passed: &[&str]) -> Vec<String> {
    let passed: Vec<OsString> = passed.iter().map(Into::into).collect();
    let look_up = |names, _: &str| {
        let names: &[&str] = match names {
            Names::Connections => &["acme", "acme-eu", "globex"],
            Names::Apps => &["books", "idp"],
            Names::Companies => {
                &["Acme Ltd", "acme Inc", "-rf", "A\u{1b}[31m", "A\nB", "A\u{202e}B", "Globex"]
            }
            Names::Recipients => &["ann", "support desk"],
        };
        names.iter().map(ToString::to_string).collect()
    };
    let request = Request::new(shell, &passed).unwrap();
    request.answer(Box::new(look_up), None).lines().map(str::to_owned).collect()
}

fn elvish(line: &str) -> Vec<String> {
    offered(Shell::Elvish, &line.split(' ').collect::<Vec<_>>())
}

#[test]
fn names_are_offered_where_they_belong() {
    assert_eq!(elvish("t connection show "), ["acme", "acme-eu", "globex"]);
    assert_eq!(elvish("t connection show acme-"), ["acme-eu"]);
    assert_eq!(elvish("t verify acme glo"), ["globex"]);
    assert_eq!(elvish("t app show "), ["books", "idp"]);
    assert_eq!(elvish("t token import x --app b"), ["books"]);
    assert_eq!(elvish("t token import x --app=b"), ["--app=books"]);
    assert_eq!(elvish("t vault recipient remove s"), ["support desk"]);
    assert_eq!(elvish("t audit list --connection glo"), ["globex"]);
    assert_eq!(elvish("t login books --name acme-"), ["acme-eu"]);
    assert!(elvish("t connection add netsuite ").iter().all(|word| word.starts_with('-')), "a new name");
    assert!(elvish("t app add pax8 ").iter().all(|word| word.starts_with('-')), "a new name");
    assert!(elvish("t app set books --rename ").is_empty(), "a new name");
}

#[test]
fn what_a_company_is_called_does_no_harm() {
    assert_eq!(elvish("t company show ac"), ["Acme Ltd", "acme Inc"]);
    assert_eq!(
        elvish("t company show "),
        ["Acme Ltd", "acme Inc", "Globex"],
        "no flag, no control character"
    );
    assert!(elvish("t company show -").iter().all(|word| word.starts_with("--")), "flags only");
    assert_eq!(offered(Shell::Bash, &["t connection list --company=ac", "ac"]), [r"Acme\ Ltd", r"acme\ Inc"]);
    assert_eq!(offered(Shell::PowerShell, &["t", "company", "show", "=ac"]), ["'Acme Ltd'", "'acme Inc'"]);
    assert_eq!(offered(Shell::Fish, &["t", "company", "show", "'Acme L"]), ["Acme Ltd"]);
}

#[test]
fn words_and_flags_come_from_the_command_tree() {
    assert_eq!(elvish("t rot"), ["rotate"]);
    assert_eq!(elvish("t verify --fail-on "), ["expiring"]);
    assert_eq!(elvish("t -o js"), ["json", "jsonl"]);
    assert_eq!(elvish("t --output=cs"), ["--output=csv"]);
    assert_eq!(elvish("t audit list --action key.c"), ["key.create"]);
    assert_eq!(elvish("t vault info --vault-"), ["--vault-pin"]);
    assert!(elvish("t vault info ").iter().all(|word| word.starts_with("--")), "nothing but flags");
    assert!(!elvish("t ").iter().any(|word| word.starts_with('-')), "flags only for who asks");
    assert!(elvish("t nonsense ").iter().all(|word| !word.contains(char::is_whitespace)));
}

#[test]
fn help_explains_commands_and_topics() {
    assert_eq!(elvish("t help ex"), ["exec", "exit-codes"]);
    assert_eq!(elvish("t help vault recipient set"), ["set-role"]);
    assert_eq!(elvish("t man ex"), ["exec"]);
    assert_eq!(elvish("t help sc"), ["schema"]);
    assert_eq!(elvish("t help schema verif"), ["verify/1"]);
    assert!(elvish("t help nonsense x").is_empty());
}

#[test]
fn files_are_left_to_shells_that_know_them() {
    assert!(offered(Shell::Bash, &["t connection import ", ""]).is_empty());
    assert!(offered(Shell::Zsh, &["t", "--identity-file", ""]).is_empty());
    assert!(!offered(Shell::Bash, &["t connection import --", "--"]).is_empty());
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().display().to_string();
    assert_eq!(elvish(&format!("t connection import {root}")), [format!("{root}/")]);
}

#[test]
fn the_vault_that_is_meant() {
    let request = |line: &str| {
        let passed: Vec<OsString> = line.split(' ').map(Into::into).collect();
        Request::new(Shell::Elvish, &passed).unwrap().flags(Path::new("/home/u"))
    };
    let flags = request("t --vault ~/v.age --identity-file=fd:3 connection show ");
    assert_eq!(flags.vault.as_deref(), Some(Path::new("/home/u/v.age")));
    assert_eq!(flags.identity_file, Some(values::IdentityFile::Descriptor(3)));
    assert_eq!(request("t connection show --vault x").vault, None, "it is still being typed");
}

/// Whoever adds an argument sees here what is offered for it.
#[test]
fn arguments_that_offer_names() {
    fn gather(command: &clap::Command, path: &mut Vec<String>, found: &mut Vec<String>) {
        for arg in command.get_arguments() {
            if let Some(offers::Offer::Named(names)) = offers::offer(path, arg) {
                found.push(format!("{} {}: {names:?}", path.join(" "), arg.get_id()));
            }
        }
        for below in command.get_subcommands() {
            path.push(below.get_name().to_owned());
            gather(below, path, found);
            path.pop();
        }
    }
    let mut found = Vec::new();
    gather(&whole(), &mut Vec::new(), &mut found);
    insta::assert_snapshot!(found.join("\n"), @"
    app show name: Apps
    app set name: Apps
    app remove name: Apps
    connection add netsuite company: Companies
    connection add quickbooks company: Companies
    connection add quickbooks app: Apps
    connection add pax8 company: Companies
    connection add pax8 app: Apps
    connection add oauth2 company: Companies
    connection add oauth2 app: Apps
    connection list company: Companies
    connection show name: Connections
    connection set name: Connections
    connection set company: Companies
    connection enable name: Connections
    connection disable name: Connections
    connection remove name: Connections
    login app: Apps
    login name: Connections
    login company: Companies
    company show company: Companies
    company rename company: Companies
    company disconnect company: Companies
    company disconnect connection: Connections
    keygen name: Connections
    key import name: Connections
    cert export name: Connections
    cert show name: Connections
    cert list company: Companies
    cert activate name: Connections
    rotate initiate name: Connections
    rotate status name: Connections
    rotate confirm name: Connections
    rotate abort name: Connections
    rotate rollback name: Connections
    rotate retire name: Connections
    verify names: Connections
    verify company: Companies
    token get name: Connections
    token refresh names: Connections
    token refresh company: Companies
    token revoke name: Connections
    token import name: Connections
    token import app: Apps
    token import company: Companies
    exec names: Connections
    audit list connection: Connections
    audit export connection: Connections
    vault recipient set-role recipient: Recipients
    vault recipient remove recipient: Recipients
    doctor names: Connections
    ");
}
