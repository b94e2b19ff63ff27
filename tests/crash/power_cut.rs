//! R2: what a power cut may leave on the disk.
//!
//! A kill keeps the page cache and proves nothing about durability. So the system calls of one run are replayed on
//! a model of a disk that keeps only what it was told to keep: content is durable after an fsync of the file,
//! names after an fsync of their folder. Whatever was not synced when the power went may be there or not, each
//! operation for itself; content that was not synced may be missing, half there, or there. Every such state is
//! made real and must open as the old or the new vault, as the new one if that was acknowledged.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use crate::common::proof::reached;
use crate::judge::{Told, Trial};
use crate::story;
use crate::strace::{self, Call};
use crate::tree;

/// A file or folder, whatever its names are.
type Inode = usize;

/// One operation on the disk.
#[derive(Debug, Clone)]
enum Operation {
    /// Bytes at a place in a file.
    Write { inode: Inode, at: usize, bytes: Vec<u8> },
    /// A file gets this length.
    Truncate { inode: Inode, length: usize },
    /// Names of one folder change, atomically.
    Names { folder: Inode, changes: Vec<(String, Option<Inode>)> },
    /// A file's content, or a folder's names, become durable.
    Sync { inode: Inode },
    /// A vendor is sent something.
    Send,
    /// The user is told that it is done.
    Acknowledge,
}

/// A disk: what names lead to, and what is in the files. Folders are files without content.
#[derive(Debug, Clone, Default)]
pub(crate) struct Disk {
    names: BTreeMap<(Inode, String), Inode>,
    content: HashMap<Inode, Vec<u8>>,
    folders: BTreeSet<Inode>,
}

const ROOT: Inode = 0;

impl Disk {
    pub(crate) fn of(folder: &Path) -> Self {
        let mut disk = Self::default();
        disk.folders.insert(ROOT);
        for path in tree::walk(folder) {
            let inode = disk.names.len() + 1;
            let parent = disk.find(path.parent().unwrap()).unwrap();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            disk.names.insert((parent, name), inode);
            if folder.join(&path).is_dir() {
                disk.folders.insert(inode);
            } else {
                disk.content.insert(inode, std::fs::read(folder.join(&path)).unwrap());
            }
        }
        disk
    }

    fn find(&self, path: &Path) -> Option<Inode> {
        path.components().try_fold(ROOT, |inode, part| {
            self.names.get(&(inode, part.as_os_str().to_str()?.to_owned())).copied()
        })
    }

    fn apply(&mut self, operation: &Operation) {
        match operation {
            Operation::Write { inode, at, bytes } => {
                let content = self.content.entry(*inode).or_default();
                content.resize(content.len().max(at + bytes.len()), 0);
                content[*at..at + bytes.len()].copy_from_slice(bytes);
            }
            Operation::Truncate { inode, length } => {
                self.content.entry(*inode).or_default().resize(*length, 0);
            }
            Operation::Names { folder, changes } => {
                for (name, inode) in changes {
                    match inode {
                        Some(inode) => self.names.insert((*folder, name.clone()), *inode),
                        None => self.names.remove(&(*folder, name.clone())),
                    };
                }
            }
            Operation::Sync { .. } | Operation::Send | Operation::Acknowledge => {}
        }
    }

    /// Plays what happened as far as it landed; what `choice` does not name did.
    fn with(mut self, happened: &[Operation], choice: &HashMap<usize, Landed>) -> Self {
        for (index, operation) in happened.iter().enumerate() {
            match (choice.get(&index), operation) {
                (None | Some(Landed::Whole), operation) => self.apply(operation),
                (Some(Landed::Half), Operation::Write { inode, at, bytes }) => {
                    let bytes = bytes[..bytes.len() / 2].to_vec();
                    self.apply(&Operation::Write { inode: *inode, at: *at, bytes });
                }
                (Some(Landed::Not | Landed::Half), _) => {}
            }
        }
        self
    }

    /// What can be reached from the root: path to content, or nothing for a folder.
    fn files(&self) -> BTreeMap<PathBuf, Option<&[u8]>> {
        let mut files = BTreeMap::new();
        let mut open = vec![(ROOT, PathBuf::new())];
        while let Some((folder, path)) = open.pop() {
            for ((_, name), inode) in self.names.range((folder, String::new())..(folder + 1, String::new())) {
                let path = path.join(name);
                if self.folders.contains(inode) {
                    files.insert(path.clone(), None);
                    open.push((*inode, path));
                } else {
                    let content = self.content.get(inode).map_or(&[][..], Vec::as_slice);
                    files.insert(path, Some(content));
                }
            }
        }
        files
    }

    /// The files whose content is for people only.
    fn lock_files(&self) -> BTreeSet<Inode> {
        let folder = self.find(Path::new(".local/share/tokenctl/vault.age.locks"));
        let is_lock = |(parent, name): &(Inode, String)| Some(*parent) == folder || name.contains(".lock");
        self.names.iter().filter(|(place, _)| is_lock(place)).map(|(_, inode)| *inode).collect()
    }

    fn write_to(&self, folder: &Path) {
        tree::clear(folder);
        for (path, content) in self.files() {
            let path = folder.join(path);
            let mode = match content {
                None => {
                    std::fs::create_dir(&path).unwrap();
                    0o700
                }
                Some(content) => {
                    std::fs::write(&path, content).unwrap();
                    0o600
                }
            };
            std::fs::set_permissions(&path, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        self.files().hash(&mut hasher);
        hasher.finish()
    }
}

/// Turns recorded system calls into operations, playing them on `disk` to know what each name leads to.
struct Replay<'a> {
    home: &'a Path,
    disk: Disk,
    next: Inode,
    /// Open files: inode, position, whether it appends.
    open: HashMap<i32, (Inode, usize, bool)>,
    operations: Vec<Operation>,
}

impl<'a> Replay<'a> {
    /// Returns the operations, and the disk after them.
    fn of(home: &'a Path, before: &Disk, calls: &[Call]) -> (Vec<Operation>, Disk) {
        let next = before.names.len() + 1;
        let mut replay =
            Self { home, disk: before.clone(), next, open: HashMap::new(), operations: Vec::new() };
        for call in calls {
            let Some(result) = result_of(&call.text) else { continue };
            replay.play(call, result);
        }
        (replay.operations, replay.disk)
    }

    fn play(&mut self, call: &Call, result: i64) {
        let text = &call.text;
        match call.name.as_str() {
            "openat" => self.opened(text, i32::try_from(result).unwrap()),
            "close" => drop(self.open.remove(&descriptor(text))),
            "lseek" => {
                if let Some((_, position, _)) = self.open.get_mut(&descriptor(text)) {
                    *position = usize::try_from(result).unwrap();
                }
            }
            "read" => {
                if let Some((_, position, _)) = self.open.get_mut(&descriptor(text)) {
                    *position += usize::try_from(result).unwrap();
                }
            }
            "write" if descriptor(text) == 1 => self.push(Operation::Acknowledge),
            _ if call.sends() => self.push(Operation::Send),
            "write" => self.written(descriptor(text), &strings(text)[0][..usize::try_from(result).unwrap()]),
            "copy_file_range" => self.copied(text, usize::try_from(result).unwrap()),
            "ftruncate" => {
                let length = text.split(", ").nth(1).unwrap();
                let length = length.split(')').next().unwrap().parse().unwrap();
                if let Some((inode, ..)) = self.open.get(&descriptor(text)).copied() {
                    self.push(Operation::Truncate { inode, length });
                }
            }
            "fsync" | "fdatasync" => {
                if let Some((inode, ..)) = self.open.get(&descriptor(text)).copied() {
                    self.push(Operation::Sync { inode });
                }
            }
            "mkdir" | "mkdirat" => self.named(&strings(text)[0], true),
            "unlink" | "unlinkat" => {
                let Some((folder, name)) = self.place(&strings(text)[0]) else { return };
                self.push(Operation::Names { folder, changes: vec![(name, None)] });
            }
            "rename" | "link" | "linkat" => {
                let paths = strings(text);
                let (Some((from, old)), Some((to, new))) = (self.place(&paths[0]), self.place(&paths[1]))
                else {
                    return;
                };
                assert_eq!(from, to, "from folder to folder: {text}");
                let inode = self.disk.names[&(from, old.clone())];
                let mut changes = vec![(new, Some(inode))];
                if call.name == "rename" {
                    changes.push((old, None));
                }
                self.push(Operation::Names { folder: from, changes });
            }
            name => {
                assert!(!call.changes() || ["fchmod", "fchown", "writev"].contains(&name), "{name}({text}");
            }
        }
    }

    fn push(&mut self, operation: Operation) {
        self.disk.apply(&operation);
        self.operations.push(operation);
    }

    /// The folder and the name of a path below the home.
    fn place(&self, path: &[u8]) -> Option<(Inode, String)> {
        let path = Path::new(std::str::from_utf8(path).unwrap()).strip_prefix(self.home).ok()?;
        Some((self.disk.find(path.parent()?)?, path.file_name()?.to_str()?.to_owned()))
    }

    fn named(&mut self, path: &[u8], folder: bool) {
        let Some((parent, name)) = self.place(path) else { return };
        let inode = self.next;
        self.next += 1;
        if folder {
            self.disk.folders.insert(inode);
        }
        self.push(Operation::Names { folder: parent, changes: vec![(name, Some(inode))] });
    }

    fn opened(&mut self, text: &str, descriptor: i32) {
        let path = &strings(text)[0];
        let Ok(below) = Path::new(std::str::from_utf8(path).unwrap()).strip_prefix(self.home) else {
            self.open.remove(&descriptor);
            return;
        };
        if self.disk.find(below).is_none() {
            assert!(text.contains("O_CREAT"), "{text}");
            self.named(path, false);
        }
        let inode = self.disk.find(below).unwrap();
        if text.contains("O_TRUNC") {
            self.push(Operation::Truncate { inode, length: 0 });
        }
        self.open.insert(descriptor, (inode, 0, text.contains("O_APPEND")));
    }

    fn written(&mut self, descriptor: i32, bytes: &[u8]) {
        let Some((inode, position, appends)) = self.open.get(&descriptor).copied() else { return };
        let at = if appends { self.disk.content.get(&inode).map_or(0, Vec::len) } else { position };
        self.open.insert(descriptor, (inode, at + bytes.len(), appends));
        self.push(Operation::Write { inode, at, bytes: bytes.to_vec() });
    }

    /// `copy_file_range(from, NULL, to, NULL, length, 0)`
    fn copied(&mut self, text: &str, length: usize) {
        let to = text.split(", ").nth(2).map(descriptor).unwrap();
        let Some((inode, position, appends)) = self.open.get(&descriptor(text)).copied() else { return };
        let bytes = self.disk.content[&inode][position..position + length].to_vec();
        self.open.insert(descriptor(text), (inode, position + length, appends));
        self.written(to, &bytes);
    }
}

/// What a call returned, if it succeeded.
fn result_of(text: &str) -> Option<i64> {
    let result = text.rsplit_once(" = ")?.1;
    let digits = result.split(['<', ' ']).next()?;
    digits.parse().ok().filter(|result| *result >= 0)
}

/// The number of the descriptor that is the first argument.
fn descriptor(text: &str) -> i32 {
    text.split(['<', ',', ')']).next().unwrap().parse().unwrap()
}

/// The quoted strings of a call, with their escapes resolved.
fn strings(text: &str) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut bytes = text.bytes().peekable();
    while bytes.any(|byte| byte == b'"') {
        let mut string = Vec::new();
        while let Some(byte) = bytes.next() {
            match byte {
                b'"' => break,
                b'\\' => string.push(match bytes.next().unwrap() {
                    b'n' => b'\n',
                    b't' => b'\t',
                    b'r' => b'\r',
                    b'v' => 11,
                    b'f' => 12,
                    b'x' => {
                        let digits = [bytes.next().unwrap(), bytes.next().unwrap()];
                        u8::from_str_radix(std::str::from_utf8(&digits).unwrap(), 16).unwrap()
                    }
                    digit @ b'0'..=b'7' => {
                        let mut value = u32::from(digit - b'0');
                        for _ in 0..2 {
                            match bytes.peek() {
                                Some(next @ b'0'..=b'7') => value = value * 8 + u32::from(next - b'0'),
                                _ => break,
                            }
                            bytes.next();
                        }
                        u8::try_from(value).unwrap()
                    }
                    other => other,
                }),
                other => string.push(other),
            }
        }
        found.push(string);
    }
    found
}

/// The most operations that are pending at once and enumerated one by one.
const PENDING: usize = 10;

/// A state that a cut may leave.
struct State {
    disk: Disk,
    acknowledged: bool,
    /// How it came about.
    story: String,
}

/// Shows every state that a cut after any of `operations` may leave to `visit`, each once, until that says no.
///
/// Backwards: what a missing sync loses at last, it loses of what was acknowledged.
fn visit_states(
    before: &Disk,
    after: &Disk,
    operations: &[Operation],
    mut visit: impl FnMut(&State) -> bool,
) {
    let mut seen = BTreeSet::new();
    let notes = after.lock_files();
    for cut in (0..=operations.len()).rev() {
        let happened = &operations[..cut];
        let acknowledged = happened.iter().any(|operation| matches!(operation, Operation::Acknowledge));
        let pending = pending(happened);
        for choice in choices(happened, &pending, &notes) {
            let disk = Disk { folders: after.folders.clone(), ..before.clone() }.with(happened, &choice);
            if !seen.insert((disk.fingerprint(), acknowledged)) {
                continue;
            }
            let lost = choice.iter().filter(|(_, landed)| **landed != Landed::Whole);
            let lost: Vec<_> =
                lost.map(|(index, landed)| format!("{landed:?} {}", brief(&happened[*index]))).collect();
            let all = operations.len();
            let story = format!("cut after {cut} of {all} (acknowledged: {acknowledged}), landed: {lost:?}");
            if !visit(&State { disk, acknowledged, story }) {
                return;
            }
        }
    }
}

fn brief(operation: &Operation) -> String {
    match operation {
        Operation::Write { inode, bytes, .. } => format!("write of {} bytes to file {inode}", bytes.len()),
        Operation::Names { changes, .. } => {
            changes.iter().map(|(name, inode)| format!("{name} → {inode:?}")).collect::<Vec<_>>().join(", ")
        }
        other => format!("{other:?}"),
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Landed {
    Whole,
    Half,
    Not,
}

/// The operations that no later sync has made durable.
fn pending(happened: &[Operation]) -> Vec<usize> {
    let mut pending = Vec::new();
    for (index, operation) in happened.iter().enumerate() {
        match operation {
            Operation::Sync { inode } => pending.retain(|earlier: &usize| match &happened[*earlier] {
                Operation::Write { inode: written, .. } | Operation::Truncate { inode: written, .. } => {
                    written != inode
                }
                Operation::Names { folder, .. } => folder != inode,
                Operation::Sync { .. } | Operation::Send | Operation::Acknowledge => true,
            }),
            Operation::Send | Operation::Acknowledge => {}
            _ => pending.push(index),
        }
    }
    pending
}

/// What a power cut could still take away whenever a vendor is sent something, or the user is told something.
///
/// Not counted is what is for people, the notes in lock files, and what only this machine remembers of the vault.
pub(crate) fn unsynced_when_told(home: &Path, before: &Disk, calls: &[Call]) -> Vec<String> {
    let (operations, after) = Replay::of(home, before, calls);
    let mut uncounted = after.lock_files();
    let state = after.find(Path::new(".local/state/tokenctl/vaults"));
    uncounted.extend(
        after.names.iter().filter(|((parent, _), _)| Some(*parent) == state).map(|(_, inode)| *inode),
    );
    uncounted.extend(state);
    let mut found = Vec::new();
    for (at, operation) in operations.iter().enumerate() {
        if !matches!(operation, Operation::Send | Operation::Acknowledge) {
            continue;
        }
        let counts = |index: &usize| match &operations[*index] {
            Operation::Write { inode, .. } | Operation::Truncate { inode, .. } => !uncounted.contains(inode),
            // What was only removed and comes back is swept, or folded in once more.
            Operation::Names { folder, changes } => {
                !uncounted.contains(folder) && changes.iter().any(|(_, inode)| inode.is_some())
            }
            _ => false,
        };
        let lost: Vec<_> = pending(&operations[..at]).into_iter().filter(counts).collect();
        found
            .extend(lost.iter().map(|index| format!("{operation:?} before: {}", brief(&operations[*index]))));
    }
    found
}

/// Which of the pending operations landed: every combination of the last [`PENDING`], with those before them all
/// there or all lost.
///
/// What is written into lock files is for people: all of it is there or all lost.
fn choices(
    happened: &[Operation],
    pending: &[usize],
    notes: &BTreeSet<Inode>,
) -> Vec<HashMap<usize, Landed>> {
    let is_note = |index: &usize| match &happened[*index] {
        Operation::Write { inode, .. } | Operation::Truncate { inode, .. } => notes.contains(inode),
        _ => false,
    };
    let (mut early, mut late): (Vec<_>, Vec<_>) = pending.iter().copied().partition(is_note);
    early.extend(late.drain(..late.len().saturating_sub(PENDING)));
    let mut all = Vec::new();
    for lose_early in [false, true] {
        if lose_early && early.is_empty() {
            continue;
        }
        for bits in 0..1_u32 << late.len() {
            let mut choice: HashMap<_, _> = late
                .iter()
                .enumerate()
                .map(|(bit, index)| (*index, if bits >> bit & 1 == 1 { Landed::Whole } else { Landed::Not }))
                .collect();
            choice.extend(
                early.iter().map(|index| (*index, if lose_early { Landed::Not } else { Landed::Whole })),
            );
            // The last write may be torn as well.
            let last = late.last().filter(|index| matches!(happened[**index], Operation::Write { .. }));
            if let Some(last) = last
                && choice[last] == Landed::Whole
            {
                let mut torn = choice.clone();
                torn.insert(*last, Landed::Half);
                all.push(torn);
            }
            all.push(choice);
        }
    }
    all
}

#[derive(Debug, Default)]
struct Explored {
    operations: usize,
    states: usize,
    illegal: Vec<String>,
}

/// Judges every state, and going on from it, if `thorough`; a sample of the states as they are otherwise.
fn explore(name: &str, mutant: Option<&'static str>, thorough: bool) -> Explored {
    let trial = Trial::of(story::named(name), mutant);
    trial.saved.restore();
    let before = Disk::of(trial.scene.home());
    let (ran, calls) = strace::record(&trial.scene.place, &trial.scene.arguments(), mutant);
    assert_eq!(ran.code, Some(0), "{ran}");
    let home = trial.scene.home().to_owned();
    let (operations, after) = Replay::of(&home, &before, &calls);
    // The replay is only worth something if it ends where the run ended.
    let real = Disk::of(&home);
    let differs = |path: &PathBuf| after.files().get(path) != real.files().get(path);
    let paths: BTreeSet<_> = after.files().into_keys().chain(real.files().into_keys()).collect();
    let wrong: Vec<_> = paths.into_iter().filter(differs).collect();
    assert!(wrong.is_empty(), "{name}: the replay went wrong at {wrong:?}");
    let mut explored = Explored { operations: operations.len(), ..Explored::default() };
    let every = if thorough || mutant.is_some() { 1 } else { 4 };
    let mut number = 0;
    visit_states(&before, &after, &operations, |State { disk, acknowledged, story }| {
        number += 1;
        if number % every != 0 {
            return true;
        }
        explored.states += 1;
        disk.write_to(&home);
        let told = if *acknowledged { Told::Done } else { Told::Nothing };
        let verdict = if thorough { trial.judge(told) } else { trial.judge_state(told).map(drop) };
        let Err(what) = verdict else { return true };
        let what = format!("{name}: {story}: {what}");
        println!("ILLEGAL {what}");
        explored.illegal.push(what);
        // One is enough to show that the harness can fail.
        mutant.is_none()
    });
    println!(
        "R2 {name:<36} {:>3} operations, {:>4} states, {} illegal{}",
        explored.operations,
        explored.states,
        explored.illegal.len(),
        mutant.map_or(String::new(), |mutant| format!(" (with {mutant})"))
    );
    explored
}

#[test]
fn power_cut_in_a_commit() {
    if strace::usable().is_none() {
        return;
    }
    let explored = explore("connection disable", None, false);
    assert!(explored.illegal.is_empty(), "{}", explored.illegal.join("\n"));
}

/// The harness must be able to fail.
#[test]
fn missing_syncs_are_found() {
    if strace::usable().is_none() {
        return;
    }
    for mutant in ["no-fsync", "no-folder-fsync"] {
        let explored = explore("connection disable", Some(mutant), false);
        assert!(!explored.illegal.is_empty(), "{mutant} was not found");
    }
}

/// `cargo prove R2`
#[test]
#[ignore = "many minutes"]
fn power_cut_in_every_command() {
    if strace::usable().is_none() {
        return;
    }
    let (all, stopped) = story::for_each(|scenario| explore(scenario.name, None, true));
    let states: usize = all.iter().map(|explored| explored.states).sum();
    let illegal: Vec<_> = all.iter().flat_map(|explored| explored.illegal.clone()).chain(stopped).collect();
    reached("R2", format!("{} commands, {states} states", all.len()), illegal.len());
    assert!(illegal.is_empty(), "{}", illegal.join("\n"));
}
