//! The high-water mark: the newest generation that this machine has seen, and the pin that it was trusted by.
//!
//! Kept in the state folder, `vaults/<vault id>.json`. It finds roll-backs and forks on this machine; a machine
//! that never saw the vault cannot (`architecture.md` section 2.5).

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::error::VaultError;
use super::file::{self, Privacy};
use super::location::PREVIOUS;
use super::lock::{Lock, Request};
use super::pin::Pin;
use super::trailer::{Commit, Root};
use crate::clock::Clock;
use crate::domain::ids::{VaultId, hex};
use crate::hooks;

/// What was seen last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    v: u32,
    generation: u64,
    root: String,
    pin: String,
    /// The pin that a rekey on this machine is about to make the right one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    next_pin: Option<String>,
    /// The pins that rekeys on this machine have replaced, the newest last.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    replaced: Vec<String>,
    path: String,
}

/// What this machine knows of the pins of a vault.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Remembered {
    /// The pin that counts, and the one that a rekey is about to put in its place.
    pub(super) pins: Vec<Pin>,
    /// Those that rekeys on this machine have replaced: whoever was removed may hold their keys.
    pub(super) replaced: Vec<Pin>,
}

impl Mark {
    /// The mark of a generation that was verified against `pin`.
    pub(super) fn of(commit: &Commit, root: &Root, pin: &Pin, path: &Path) -> Self {
        Self {
            v: 1,
            generation: commit.generation,
            root: hex(root),
            pin: pin.to_string(),
            next_pin: None,
            replaced: Vec::new(),
            path: path.display().to_string(),
        }
    }

    /// The pins, if the mark is about the vault at `path`.
    pub(super) fn pins_for(&self, path: &Path) -> Remembered {
        if self.path != path.display().to_string() {
            return Remembered::default();
        }
        let parsed = |text: &String| text.parse().ok();
        Remembered {
            pins: [Some(&self.pin), self.next_pin.as_ref()]
                .into_iter()
                .flatten()
                .filter_map(parsed)
                .collect(),
            replaced: self.replaced.iter().filter_map(parsed).collect(),
        }
    }

    /// The mark that follows this one: a pin that was announced here has replaced the one before.
    fn followed_by(&self, seen: &Self) -> Self {
        let mut next = Self { replaced: self.replaced.clone(), ..seen.clone() };
        if self.next_pin.as_ref() == Some(&seen.pin) && self.pin != seen.pin {
            next.replaced.push(self.pin.clone());
        }
        next
    }

    /// The newest generation that was seen, and what identifies it.
    pub(super) fn newest(&self) -> (u64, Option<Root>) {
        let root = (0..self.root.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(self.root.get(at..at + 2)?, 16).ok())
            .collect::<Option<Vec<u8>>>();
        (self.generation, root.and_then(|root| root.try_into().ok()))
    }

    /// Whether `path` is where the vault that this mark is about keeps its previous generation.
    pub(super) fn is_previous(&self, path: &Path) -> bool {
        path.to_str().and_then(|path| path.strip_suffix(PREVIOUS)) == Some(self.path.as_str())
    }

    /// Whether `seen` brings nothing new. A copy of the vault elsewhere does not: the memory stays with the path at
    /// which the generation was seen first, or it would be lost there.
    fn knows(&self, seen: &Self) -> bool {
        *self == Self { path: self.path.clone(), ..self.followed_by(seen) }
    }

    /// Refuses a generation that is older than the mark, or another one with its number, or not its child.
    pub(super) fn admit(&self, commit: &Commit, root: &Root) -> Result<(), VaultError> {
        if hooks::mutant("no-high-water") {
            return Ok(());
        }
        let generation = commit.generation;
        if generation < self.generation {
            return Err(VaultError::RolledBack { found: generation, seen: self.generation });
        }
        let is_other_twin = generation == self.generation && hex(root) != self.root;
        let is_foreign_child =
            self.generation.checked_add(1) == Some(generation) && hex(&commit.parent) != self.root;
        if is_other_twin || is_foreign_child { Err(VaultError::Forked(generation)) } else { Ok(()) }
    }
}

/// The mark of one vault.
#[derive(Debug)]
pub(super) struct HighWater {
    path: PathBuf,
}

impl HighWater {
    /// The mark of vault `id` in the state folder.
    pub(super) fn new(state_dir: &Path, id: &VaultId) -> Self {
        Self { path: state_dir.join("vaults").join(format!("{id}.json")) }
    }

    /// Returns the mark, if this machine has one.
    pub(super) fn read(&self) -> Result<Option<Mark>, VaultError> {
        let bytes = match file::read(&self.path, Privacy::OwnerWrites, 64 * 1024) {
            Err(error) if error.is_missing_file() => return Ok(None),
            bytes => bytes?,
        };
        let mark: Mark = serde_json::from_slice(&bytes).map_err(|_| {
            VaultError::damaged(format!("the high-water mark {} is not readable", self.path.display()))
        })?;
        if mark.v == 1 { Ok(Some(mark)) } else { Err(VaultError::NewerFormat { found: mark.v, known: 1 }) }
    }

    /// Raises the mark to `seen`; one that is higher already stays.
    pub(super) fn raise(&self, seen: &Mark, clock: &Clock) -> Result<(), VaultError> {
        if self.read()?.is_some_and(|kept| kept.knows(seen)) {
            return Ok(());
        }
        let _held = self.lock(clock)?;
        match self.read()? {
            _ if hooks::mutant("no-high-water") => self.write(seen),
            Some(kept) if kept.generation > seen.generation => Ok(()),
            Some(kept) if kept.generation == seen.generation && kept.root != seen.root => {
                Err(VaultError::Forked(seen.generation))
            }
            Some(kept) => self.write(&kept.followed_by(seen)),
            None => self.write(seen),
        }
    }

    /// Removes a mark that cannot be read: only who restores the vault may begin anew.
    pub(super) fn mend(&self, clock: &Clock) -> Result<(), VaultError> {
        if !matches!(self.read(), Err(VaultError::Damaged(_))) {
            return Ok(());
        }
        let _held = self.lock(clock)?;
        file::remove(&self.path)
    }

    /// Adds the pin that a rekey or a restored backup is about to make the right one, so that a crash in between locks nobody
    /// out. Without a mark there is nothing to add to.
    pub(super) fn announce(&self, next: &Pin, clock: &Clock) -> Result<(), VaultError> {
        let _held = self.lock(clock)?;
        match self.read()? {
            Some(mark) => self.write(&Mark { next_pin: Some(next.to_string()), ..mark }),
            None => Ok(()),
        }
    }

    fn lock(&self, clock: &Clock) -> Result<Lock, VaultError> {
        if let Some(folder) = self.path.parent() {
            file::ensure_folder(folder)?;
        }
        let path = self.path.with_extension("lock");
        let request = Request {
            path: &path,
            what: "the high-water mark",
            command: "tokenctl",
            timeout: Duration::from_secs(10),
            stop: None,
        };
        Lock::exclusive(&request, clock)
    }

    /// Replaces the mark, whose lock is held: no other write is under way, so what one left behind is swept.
    fn write(&self, mark: &Mark) -> Result<(), VaultError> {
        let text = serde_json::to_vec(mark).map_err(VaultError::seal)?;
        file::sweep_for(&self.path)?;
        file::replace(&self.path, &text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(generation: u64, parent: u8) -> Commit {
        Commit { vault: [1; 16], generation, parent: [parent; 32] }
    }

    fn pin() -> Pin {
        Pin { vault: VaultId::new(), verify_key: [1; 32] }
    }

    #[test]
    fn only_descendants_are_admitted() {
        let mark = Mark::of(&commit(5, 4), &[5; 32], &pin(), Path::new("/v"));
        assert!(mark.admit(&commit(5, 4), &[5; 32]).is_ok());
        assert!(mark.admit(&commit(6, 5), &[6; 32]).is_ok());
        assert!(mark.admit(&commit(9, 8), &[9; 32]).is_ok());
        assert_eq!(mark.newest(), (5, Some([5; 32])));
        let older = mark.admit(&commit(4, 3), &[4; 32]);
        assert!(matches!(older, Err(VaultError::RolledBack { found: 4, seen: 5 })), "{older:?}");
        for (commit, root) in [(commit(5, 4), [9; 32]), (commit(6, 9), [6; 32])] {
            assert!(matches!(mark.admit(&commit, &root), Err(VaultError::Forked(_))), "{commit:?}");
        }
    }

    #[test]
    fn a_mark_is_never_lowered() {
        let folder = tempfile::tempdir().unwrap();
        let pin = pin();
        let water = HighWater::new(folder.path(), &pin.vault);
        assert!(water.read().unwrap().is_none());
        let newer = Mark::of(&commit(5, 4), &[5; 32], &pin, Path::new("/v"));
        water.raise(&newer, &Clock::system()).unwrap();
        water.raise(&Mark::of(&commit(4, 3), &[4; 32], &pin, Path::new("/v")), &Clock::system()).unwrap();
        assert_eq!(water.read().unwrap(), Some(newer));
        let twin = Mark::of(&commit(5, 4), &[9; 32], &pin, Path::new("/v"));
        assert!(matches!(water.raise(&twin, &Clock::system()), Err(VaultError::Forked(5))));
    }

    #[test]
    fn its_pin_counts_only_for_its_path() {
        let pin = pin();
        let mark = Mark::of(&commit(1, 0), &[1; 32], &pin, Path::new("/v"));
        assert_eq!(mark.pins_for(Path::new("/v")).pins, [pin]);
        assert!(mark.pins_for(Path::new("/w")).pins.is_empty());
    }

    #[test]
    fn a_copy_elsewhere_does_not_take_the_memory_away() {
        let folder = tempfile::tempdir().unwrap();
        let pin = pin();
        let water = HighWater::new(folder.path(), &pin.vault);
        let mark = Mark::of(&commit(1, 0), &[1; 32], &pin, Path::new("/v"));
        water.raise(&mark, &Clock::system()).unwrap();
        let copy = Mark::of(&commit(1, 0), &[1; 32], &pin, Path::new("/w"));
        water.raise(&copy, &Clock::system()).unwrap();
        assert_eq!(water.read().unwrap(), Some(mark));
    }

    #[test]
    fn an_announced_pin_counts_until_the_next_mark() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (pin(), pin());
        let water = HighWater::new(folder.path(), &old.vault);
        let mark = Mark::of(&commit(1, 0), &[1; 32], &old, Path::new("/v"));
        water.raise(&mark, &Clock::system()).unwrap();
        water.announce(&new, &Clock::system()).unwrap();
        let known = water.read().unwrap().unwrap().pins_for(Path::new("/v"));
        assert_eq!(known, Remembered { pins: vec![old.clone(), new.clone()], replaced: Vec::new() });
        let mark = Mark::of(&commit(2, 1), &[2; 32], &new, Path::new("/v"));
        water.raise(&mark, &Clock::system()).unwrap();
        let mark = Mark::of(&commit(3, 2), &[3; 32], &new, Path::new("/v"));
        water.raise(&mark, &Clock::system()).unwrap();
        let known = water.read().unwrap().unwrap().pins_for(Path::new("/v"));
        assert_eq!(known, Remembered { pins: vec![new], replaced: vec![old] });
    }
}
