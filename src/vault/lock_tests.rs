use super::*;

fn locks(folder: &Path, timeout: Duration) -> Locks {
    Locks::new(folder.join("locks"), "tokenctl test".to_owned(), timeout, Clock::system())
}

#[test]
fn a_held_lock_names_its_holder() {
    let folder = tempfile::tempdir().unwrap();
    let locks = locks(folder.path(), Duration::from_millis(20));
    let held = locks.vault().unwrap();
    let error = locks.vault().unwrap_err();
    let VaultError::Locked { what, holder } = &error else { panic!("{error:?}") };
    assert_eq!(what, "the vault");
    assert!(holder.contains(&std::process::id().to_string()) && holder.contains("tokenctl test"), "{holder}");
    drop(held);
    locks.vault().unwrap();
}

#[test]
fn one_holder_at_a_time() {
    let folder = tempfile::tempdir().unwrap();
    let locks = locks(folder.path(), Duration::from_mins(1));
    let inside = std::sync::atomic::AtomicU32::new(0);
    std::thread::scope(|scope| {
        for _ in 0..16 {
            scope.spawn(|| {
                let _held = locks.vault().unwrap();
                assert_eq!(inside.fetch_add(1, std::sync::atomic::Ordering::SeqCst), 0);
                inside.fetch_sub(1, std::sync::atomic::Ordering::SeqCst);
            });
        }
    });
}

#[test]
fn a_waiter_who_gave_up_leaves_no_lock_behind() {
    let folder = tempfile::tempdir().unwrap();
    let impatient = locks(folder.path(), Duration::ZERO);
    let held = impatient.vault().unwrap();
    assert!(impatient.vault().is_err());
    drop(held);
    locks(folder.path(), Duration::from_mins(1)).vault().unwrap();
}

#[test]
fn only_those_who_waited_share_a_failure() {
    let folder = tempfile::tempdir().unwrap();
    let locks = locks(folder.path(), Duration::from_mins(1));
    let id = ConnectionId::new();
    let wait = Duration::from_mins(1);
    let mut first = locks.connection(&id, wait).unwrap();
    let waiter = std::thread::spawn({
        let (locks, id) = (locks.clone(), id.clone());
        move || locks.connection(&id, wait).unwrap()
    });
    while !has_a_waiter(&folder.path().join("locks").join(id.as_str())) {
        std::thread::yield_now();
    }
    let failed_at = Clock::system().now();
    first.record(Some(Failure { failed_at, error: "refused".to_owned(), outcome: Outcome::Rejected }));
    drop(first);
    let waiter = waiter.join().unwrap();
    assert_eq!(waiter.shared_failure(failed_at).unwrap().error, "refused");
    assert!(waiter.shared_failure(failed_at + SHARED_FAILURE).is_none(), "too old");
    let note = read_note(&mut File::open(folder.path().join("locks").join(id.as_str())).unwrap());
    assert_eq!(note.unwrap().failure, None, "it is passed on by those who share it only");
    drop(waiter);
    assert!(locks.connection(&id, wait).unwrap().shared_failure(failed_at).is_none(), "did not wait");
}

/// Source: proc_locks(5): a blocked request is a line with `->`, the file is named by its inode.
fn has_a_waiter(path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt as _;
    let inode = format!(":{} ", path.metadata().unwrap().ino());
    let locks = std::fs::read_to_string("/proc/locks").unwrap();
    locks.lines().any(|line| line.contains("->") && line.contains(&inode))
}
