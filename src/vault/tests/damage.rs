use super::*;
use crate::vault::generation::{Generation, in_memory};
use crate::vault::recipient::Recipient;
use crate::vault::signing::SigningKey;
use crate::vault::trailer::{self, Commit};

/// All that an open may answer to a file that nobody wrote.
fn refuses(world: &World) -> bool {
    ["operator", "viewer"].into_iter().all(|name| {
        matches!(
            world.open_as(name),
            Err(VaultError::Damaged(_) | VaultError::WrongIdentity { .. } | VaultError::Untrusted(_))
        )
    })
}

#[test]
fn flipped_bits_are_always_found() {
    let world = World::new();
    add(&world.operator(), "acme");
    let intact = world.bytes();
    // Every byte of the header and the end, and a sample of what is between.
    let places =
        (0..1200).chain((1200..intact.len() - 600).step_by(611)).chain(intact.len() - 600..intact.len());
    let mut tried = 0;
    for place in places {
        let mut bytes = intact.clone();
        bytes[place] ^= 1 << (place % 8);
        world.put(&bytes);
        assert!(refuses(&world), "byte {place}");
        tried += 1;
    }
    println!("{tried} flipped bits, all refused");
    world.put(&intact);
    world.operator();
    world.put(&std::fs::read(world.home().join("vault.age.prev")).unwrap());
    world.forget_everything();
    assert_eq!(world.operator().generation().unwrap(), 1, "the previous generation opens");
}

#[test]
fn cut_extended_and_spliced_files_are_found() {
    let world = World::new();
    let vault = world.operator();
    // More than one part of 64 KiB.
    vault.transact(&event(), |rows| rows.set_meta("padding", &"x".repeat(300_000))).unwrap();
    let old = world.bytes();
    vault.transact(&event(), |rows| rows.set_meta("padding", &"y".repeat(300_000))).unwrap();
    let new = world.bytes();
    let chunk = 64 * 1024 + 16;
    let body = new.len() % chunk;
    let swapped = {
        let mut bytes = new.clone();
        let (first, second) = (body, body + chunk);
        let (left, right) = bytes.split_at_mut(second);
        left[first..first + 4096].swap_with_slice(&mut right[..4096]);
        bytes
    };
    let variants: Vec<(&str, Vec<u8>)> = vec![
        ("empty", Vec::new()),
        ("one byte cut", new[..new.len() - 1].to_vec()),
        ("one chunk cut", new[..new.len() - chunk].to_vec()),
        ("half cut", new[..new.len() / 2].to_vec()),
        ("the header only", new[..400].to_vec()),
        ("one byte added", [new.as_slice(), b"x"].concat()),
        ("a chunk added", [new.as_slice(), &new[new.len() - chunk..]].concat()),
        ("twice", [new.as_slice(), new.as_slice()].concat()),
        ("an old end", [&new[..new.len() - chunk], &old[old.len() - chunk..]].concat()),
        ("an old start", [&old[..old.len() / 2], &new[new.len() / 2..]].concat()),
        ("parts swapped", swapped),
        ("text", b"not a vault".to_vec()),
        ("a header of age", b"age-encryption.org/v1\n".to_vec()),
        ("a later age", b"age-encryption.org/v9\n".to_vec()),
    ];
    for (what, bytes) in variants {
        world.put(&bytes);
        assert!(refuses(&world), "{what}");
        // A vault that is open already is no less strict.
        assert!(vault.read(|rows| rows.connection_names()).is_err(), "{what}");
    }
    world.put(&new);
    assert!(vault.read(|rows| rows.connection_names()).is_ok());
}

/// What somebody who can open the vault could do to it.
struct Forger {
    generation: Generation,
    recipients: Vec<Recipient>,
}

impl Forger {
    fn new(world: &World) -> Self {
        let vault = world.viewer();
        let recipients = vault.recipients().unwrap();
        let generation = vault.state().generation.take().unwrap();
        generation.database.pragma_update(None, "query_only", false).unwrap();
        Self { generation, recipients }
    }

    fn change(&self, sql: &str) {
        self.generation.database.execute_batch(sql).unwrap();
    }

    /// Writes the database, signed by `key`, in the way that an operator's tokenctl would.
    fn write(&mut self, world: &World, key: &SigningKey) {
        let commit = Commit {
            generation: self.generation.commit.generation + 1,
            parent: self.generation.root,
            ..self.generation.commit
        };
        let image = self.generation.database.serialize(rusqlite::MAIN_DB).unwrap();
        let (trailer, _) = trailer::sign(&image, commit, key).unwrap();
        encrypt_by_hand(world, &self.recipients, &[&image, &trailer]);
    }
}

fn encrypt_by_hand(world: &World, recipients: &[Recipient], parts: &[&[u8]]) {
    let location = crate::vault::Location::resolve(&world.place.vault).unwrap();
    let mut file = std::fs::File::options().write(true).truncate(true).open(&world.place.vault).unwrap();
    let nothing_more = || Ok(Vec::new());
    crate::vault::assemble::encrypt(&location, recipients, &parts.concat(), nothing_more, &mut file).unwrap();
}

fn plaintext(world: &World) -> Vec<u8> {
    let credentials = world.credentials("viewer");
    let identity = credentials.identities().next().unwrap();
    let mut plain = Vec::new();
    let bytes = world.bytes();
    let mut reader =
        age::Decryptor::new(bytes.as_slice()).unwrap().decrypt(std::iter::once(identity.as_age())).unwrap();
    std::io::Read::read_to_end(&mut reader, &mut plain).unwrap();
    plain
}

fn untrusted_everywhere(world: &World) {
    for name in ["operator", "viewer"] {
        let opened = world.open_as(name).map(drop);
        assert!(matches!(opened, Err(VaultError::Untrusted(_))), "{name}: {opened:?}");
    }
    world.forget_everything();
    for name in ["operator", "viewer"] {
        assert!(matches!(world.open_as(name).map(drop), Err(VaultError::Untrusted(_))));
    }
}

#[test]
fn a_viewer_cannot_rewrite_the_vault() {
    for sql in [
        "UPDATE connections SET settings = json_set(settings, '$.token_url', 'https://evil.example/')",
        "UPDATE recipients SET role = 'operator'",
        "UPDATE keyring SET secrets_recipient = secrets_recipient",
        "DELETE FROM connections",
    ] {
        let world = World::new();
        add(&world.operator(), "acme");
        let mut forger = Forger::new(&world);
        forger.change(sql);
        forger.write(&world, &SigningKey::generate().unwrap());
        untrusted_everywhere(&world);
    }
}

#[test]
fn a_viewer_cannot_keep_the_signature_and_change_the_image() {
    let world = World::new();
    add(&world.operator(), "acme");
    let recipients = world.viewer().recipients().unwrap();
    let intact = plaintext(&world);
    let at = intact.windows(4).position(|window| window == b"acme").unwrap();
    let mut forged = intact.clone();
    forged[at] = b'A';
    encrypt_by_hand(&world, &recipients, &[&forged]);
    let opened = world.open_as("operator").map(drop);
    assert!(matches!(opened, Err(VaultError::Damaged(_))), "{opened:?}");
    // Bytes between the image and the trailer, or a trailer twice, do not add up.
    for forged in [[b"x".as_slice(), &intact].concat(), [intact.as_slice(), &intact].concat()] {
        encrypt_by_hand(&world, &recipients, &[&forged]);
        assert!(matches!(world.open_as("operator").map(drop), Err(VaultError::Damaged(_))));
    }
    // Encrypting the very same anew is allowed to nobody in particular and harms nobody.
    encrypt_by_hand(&world, &recipients, &[&intact]);
    assert_eq!(names(&world.operator()), ["acme"]);
}

#[test]
fn somebody_whom_no_operator_let_in_is_refused() {
    let world = World::new();
    let stranger = Identity::generate();
    world.write_identity("stranger", &stranger);
    let mut recipients = world.viewer().recipients().unwrap();
    recipients[0].key = stranger.recipient().clone();
    encrypt_by_hand(&world, &recipients, &[&plaintext(&world)]);
    assert!(matches!(world.open_as("stranger").map(drop), Err(VaultError::Untrusted(_))));
}

#[test]
fn a_whole_other_vault_in_its_place_is_refused() {
    let (world, other) = (World::new(), World::new());
    let vault = world.operator();
    let recipients = world.viewer().recipients().unwrap();
    encrypt_by_hand(&world, &recipients, &[&plaintext(&other)]);
    assert!(matches!(vault.read(|rows| rows.connection_names()), Err(VaultError::Untrusted(_))));
    untrusted_everywhere(&world);
}

#[test]
fn an_older_generation_is_refused_on_a_machine_that_saw_a_newer_one() {
    let world = World::new();
    let vault = world.operator();
    let first = world.bytes();
    add(&vault, "acme");
    world.put(&first);
    for name in ["operator", "viewer"] {
        let opened = world.open_as(name).map(drop);
        assert!(matches!(opened, Err(VaultError::RolledBack { found: 1, seen: 2 })), "{opened:?}");
    }
    let change = vault.transact(&event(), |rows| rows.insert_connection(&connection("b")));
    assert!(matches!(change, Err(VaultError::RolledBack { .. })), "{change:?}");
    world.forget_everything();
    world.operator(); // The stated limit: a fresh machine cannot know.
}

#[test]
fn a_fork_is_refused() {
    let world = World::new();
    let first = world.bytes();
    add(&world.operator(), "acme");
    let ours = world.bytes();
    // The same operator, on a machine without memory, continues from the first generation.
    std::fs::rename(&world.place.state_dir, world.path("kept")).unwrap();
    world.put(&first);
    let audit = world.home().join("vault.age.audit");
    std::fs::rename(&audit, world.path("audit")).unwrap();
    std::fs::create_dir(&audit).unwrap();
    for entry in world.path("audit").read_dir().unwrap() {
        let entry = entry.unwrap();
        let text = std::fs::read_to_string(entry.path()).unwrap();
        let creation = text.lines().take(2).collect::<Vec<_>>().join("\n");
        std::fs::write(audit.join(entry.file_name()), creation + "\n").unwrap();
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(audit.join(entry.file_name()), mode).unwrap();
    }
    let fork = world.operator();
    add(&fork, "b");
    let twin = world.bytes();
    add(&fork, "c");
    let child = world.bytes();
    std::fs::remove_dir_all(&world.place.state_dir).unwrap();
    std::fs::rename(world.path("kept"), &world.place.state_dir).unwrap();
    for (bytes, generation) in [(twin, 2), (child, 3)] {
        world.put(&bytes);
        let opened = world.open_as("viewer").map(drop);
        assert!(matches!(opened, Err(VaultError::Forked(found)) if found == generation), "{opened:?}");
    }
    world.put(&ours);
    world.viewer();
}

#[test]
fn a_newer_schema_is_refused() {
    let world = World::new();
    let vault = world.operator();
    vault
        .transact(&event(), |rows| {
            Ok::<_, VaultError>(rows.database.pragma_update(None, "user_version", 99)?)
        })
        .unwrap();
    let opened = world.open_as("operator").map(drop);
    assert!(matches!(opened, Err(VaultError::NewerSchema { found: 99, .. })), "{opened:?}");
    assert!(in_memory().is_ok());
}
