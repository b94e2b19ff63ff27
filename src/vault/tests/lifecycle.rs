use std::process::Command;

use super::*;

#[test]
fn what_was_committed_is_read_by_others() {
    let world = World::new();
    let (operator, viewer) = (world.operator(), world.viewer());
    assert_eq!((operator.generation().unwrap(), operator.role().unwrap()), (1, Role::Operator));
    add(&operator, "acme");
    assert_eq!(operator.generation().unwrap(), 2);
    assert_eq!(names(&viewer), ["acme"], "an open vault sees the newest generation");
    assert_eq!(names(&world.operator()), ["acme"]);
    assert!(operator.warnings().is_empty());
}

#[test]
fn a_failed_change_changes_nothing() {
    let world = World::new();
    let vault = world.operator();
    let before = world.bytes();
    let failed = vault.transact(&event(), |rows| {
        rows.insert_connection(&connection("acme"))?;
        Err::<(), _>(VaultError::Taken("no".to_owned()))
    });
    assert!(matches!(failed, Err(VaultError::Taken(_))));
    assert_eq!(world.bytes(), before);
    assert!(names(&vault).is_empty());
}

#[test]
fn a_panic_in_a_change_changes_nothing() {
    let world = World::new();
    let vault = world.operator();
    let panicked = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        vault.transact(&event(), |rows| -> Result<(), VaultError> {
            rows.insert_connection(&connection("acme"))?;
            panic!("in the middle")
        })
    }));
    assert!(panicked.is_err());
    assert!(names(&vault).is_empty());
    add(&vault, "acme");
}

#[test]
fn reading_cannot_change() {
    let world = World::new();
    let vault = world.operator();
    let changed = vault.read(|rows| rows.insert_connection(&connection("acme")));
    assert!(matches!(changed, Err(VaultError::Database(_))), "{changed:?}");
}

#[test]
fn a_viewer_sees_states_and_neither_secrets_nor_changes() {
    let world = World::new();
    let operator = world.operator();
    let acme = add(&operator, "acme");
    let key = key_of(&acme.id);
    operator
        .transact(&event(), |rows| rows.insert_key(&key, PEM, &Secret::new(b"private".to_vec())))
        .unwrap();
    journal_token(&operator, &acme.id, "token");
    let viewer = world.viewer();
    assert_eq!(viewer.role().unwrap(), Role::Viewer);
    assert_eq!(names(&viewer), ["acme"]);
    assert!(viewer.read(|rows| rows.keys_of(&acme.id)).unwrap().active.is_some());
    let secret = viewer.read(|rows| rows.private_key(&key.id).map(drop));
    assert!(matches!(secret, Err(VaultError::NotOperator)), "{secret:?}");
    assert!(matches!(viewer.token(&acme.id), Err(VaultError::NotOperator)));
    assert!(matches!(viewer.require_writable(), Err(VaultError::NotOperator)));
    let change = viewer.transact(&event(), |rows| rows.insert_connection(&connection("b")));
    assert!(matches!(change, Err(VaultError::NotOperator)), "{change:?}");
    assert!(matches!(viewer.rekey(&|_| ()), Err(VaultError::NotOperator)));
    assert!(matches!(viewer.plan_move(), Err(VaultError::NotOperator)));
}

#[test]
fn a_stranger_opens_nothing() {
    let world = World::new();
    world.write_identity("stranger", &Identity::generate());
    assert!(matches!(world.open_as("stranger"), Err(VaultError::WrongIdentity { tried: 1 })));
}

#[test]
fn without_a_pin_nothing_is_trusted() {
    let world = World::new();
    let operator = world.path("operator");
    let text = std::fs::read_to_string(&operator).unwrap();
    let without = text.lines().filter(|line| !line.contains("pin")).collect::<Vec<_>>();
    std::fs::write(&operator, without.join("\n")).unwrap();
    world.operator(); // This machine created it.
    world.forget_everything();
    assert!(matches!(world.open_as("operator"), Err(VaultError::NoPin)));
    let credentials = Credentials { pin: Some(world.pin.clone()), ..world.credentials("operator") };
    Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap();
}

#[test]
fn it_is_written_at_home_only() {
    let world = World::new();
    add(&world.operator(), "acme");
    let elsewhere = Place { home_id: Some("another machine".to_owned()), ..world.place.clone() };
    let vault = Vault::open(elsewhere, world.credentials("operator"), world.clock.clone()).unwrap();
    assert_eq!(names(&vault), ["acme"]);
    assert!(!vault.info().unwrap().at_home);
    let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("b")));
    assert!(matches!(change, Err(VaultError::ForeignHome(_))), "{change:?}");
    vault.take_home(&vault.plan_move().unwrap()).unwrap();
    add(&vault, "b");
    assert!(matches!(world.operator().require_writable(), Err(VaultError::ForeignHome(_))));
}

#[test]
fn a_vault_is_not_created_over_another() {
    let world = World::new();
    let recipients = || {
        let operator = Identity::generate();
        NewVault::new(vec![(operator.recipient().clone(), Role::Operator, None)]).unwrap()
    };
    add(&world.operator(), "acme");
    let over = Vault::create(&world.place, recipients(), &world.clock);
    assert!(matches!(over, Err(VaultError::Exists(path)) if path.ends_with("vault.age")));
    std::fs::remove_file(&world.place.vault).unwrap();
    let over = Vault::create(&world.place, recipients(), &world.clock);
    assert!(matches!(over, Err(VaultError::Exists(path)) if path.ends_with("vault.age.prev")));
    assert!(matches!(world.open_as("operator"), Err(VaultError::Absent(_))));
    let viewers = vec![(Identity::generate().recipient().clone(), Role::Viewer, None)];
    assert!(matches!(NewVault::new(viewers), Err(VaultError::LastOperator(_))));
}

#[test]
fn info_and_check_tell_the_whole_truth() {
    let world = World::new();
    let vault = world.operator();
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "token");
    let info = vault.info().unwrap();
    assert_eq!((info.generation, info.counts.connections, info.journal_entries), (2, 1, Some(1)));
    assert!(info.has_single_operator() && info.at_home);
    assert_eq!(info.file_length, world.bytes().len() as u64);
    for vault in [&vault, &world.viewer()] {
        let report = vault.check().unwrap();
        assert!(report.holds(), "{report:?}");
        assert_eq!(report.items.len(), 6);
    }
    let previous = world.home().join("vault.age.prev");
    let mut bytes = std::fs::read(&previous).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    std::fs::write(&previous, bytes).unwrap();
    let report = vault.check().unwrap();
    let wrong = report.items.iter().filter(|item| item.outcome.is_err()).map(|item| item.what);
    assert_eq!(wrong.collect::<Vec<_>>(), ["previous generation"]);
}

#[test]
fn the_audit_log_has_both_sides_of_each_change() {
    let world = World::new();
    let vault = world.operator();
    add(&vault, "acme");
    let failed = vault.transact(&event(), |_| Err::<(), _>(VaultError::Taken("no".to_owned())));
    assert!(failed.is_err());
    let records = vault.audit().records().unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let seen = records.iter().map(|record| (record.action.as_str(), record.outcome.as_deref()));
    assert_eq!(
        seen.collect::<Vec<_>>(),
        [
            ("vault.create", None),
            ("vault.create", Some("ok")),
            ("connection.add", None),
            ("connection.add", Some("ok")),
            ("connection.add", None),
            ("connection.add", Some("conflict")),
        ]
    );
}

#[test]
fn without_an_audit_record_nothing_is_done() {
    let world = World::new();
    let vault = world.operator();
    let before = world.bytes();
    let audit = vault.location().audit();
    std::fs::remove_dir_all(&audit).unwrap();
    std::fs::write(&audit, "in the way").unwrap();
    let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("acme")));
    assert!(change.is_err());
    assert_eq!(world.bytes(), before);
    assert!(names(&vault).is_empty());
}

#[test]
fn a_cut_audit_log_is_never_covered_up_by_a_new_anchor() {
    let world = World::new();
    let vault = world.operator();
    add(&vault, "acme");
    std::fs::remove_dir_all(vault.location().audit()).unwrap();
    // Work goes on, with a warning, but the evidence stays: no commit moves the anchor past it.
    for name in ["b", "c"] {
        vault.transact(&event(), |rows| rows.insert_connection(&connection(name))).unwrap();
        assert!(vault.warnings().iter().any(|warning| warning.contains("the audit log is damaged")));
        assert!(matches!(vault.verify_audit(), Err(VaultError::AuditDamaged(_))));
    }
    assert_eq!(names(&vault), ["acme", "b", "c"]);
}

#[test]
fn stock_tools_open_it() {
    let present = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !(present("age") && present("sqlite3")) {
        let required = std::process::Command::new("printenv").arg("TOKENCTL_REQUIRE_TOOLS").output();
        assert!(!required.is_ok_and(|found| found.status.success()), "age and sqlite3 are required");
        println!("skipped: age and sqlite3 are not installed");
        return;
    }
    let world = World::new();
    add(&world.operator(), "acme");
    let state = world.path("state.db");
    for identity in ["operator", "viewer"] {
        let opened = Command::new("age")
            .args(["--decrypt", "--identity"])
            .arg(world.path(identity))
            .arg("--output")
            .arg(&state)
            .arg(&world.place.vault)
            .output()
            .unwrap();
        assert!(opened.status.success(), "{opened:?}");
        let sql = "PRAGMA integrity_check; SELECT name FROM connections; PRAGMA application_id";
        let read = Command::new("sqlite3").arg(&state).arg(sql).output().unwrap();
        assert_eq!(String::from_utf8_lossy(&read.stdout), "ok\nacme\n1953194868\n", "{read:?}");
    }
}

#[test]
fn an_ssh_key_opens_it() {
    let world = World::new();
    let key = include_str!("../identity/ssh-ed25519");
    let path = world.path("ssh");
    crate::vault::file::create(&path)
        .and_then(|_| crate::vault::file::replace(&path, key.as_bytes()))
        .unwrap();
    let mut credentials = world.credentials("ssh");
    let recipient = credentials.identities().next().unwrap().recipient().clone();
    world.operator().add_recipient(&recipient, Role::Operator, None).unwrap();
    credentials.pin = Some(world.pin.clone());
    let vault = Vault::open(world.place.clone(), credentials, world.clock.clone()).unwrap();
    assert_eq!(vault.role().unwrap(), Role::Operator);
    let acme = add(&vault, "acme");
    journal_token(&vault, &acme.id, "token");
    assert_eq!(stored_token(&world.operator(), &acme.id).as_deref(), Some("token"));
}
