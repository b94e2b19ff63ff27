//! The only writer of stdout and of exported files.

use std::fs::{File, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::OFlags;

/// Who may read an exported file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Audience {
    /// Its owner alone (mode 0600): it holds a secret.
    Owner,
    /// Everybody (mode 0644, less what the user's own umask forbids): certificates, lists.
    Everybody {
        /// The umask that the process was started with.
        umask: u32,
    },
}

/// A file to write.
#[derive(Debug, Clone, Copy)]
pub struct Export<'a> {
    /// Where.
    pub path: &'a Path,
    /// For whom.
    pub audience: Audience,
    /// Whether a regular file that is there may be replaced.
    pub replace: bool,
}

/// Why nothing was written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SinkError {
    /// Something is there already (exit 9).
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// What is there is no regular file: a link, a folder, a device (exit 9).
    #[error("{} is not a regular file", .0.display())]
    NotAFile(PathBuf),
    /// The system refused (exit 1).
    #[error("cannot write {}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: io::Error,
    },
    /// Standard output cannot be written (exit 1).
    #[error("cannot write to standard output")]
    Stdout(#[source] io::Error),
}

/// Writes `bytes` to stdout. A reader that has gone away (`| head`) has what it wanted: no error.
pub fn write_stdout(bytes: &[u8]) -> Result<(), SinkError> {
    write_stream(&mut io::stdout().lock(), bytes)
}

fn write_stream(stream: &mut impl io::Write, bytes: &[u8]) -> Result<(), SinkError> {
    match stream.write_all(bytes).and_then(|()| stream.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(SinkError::Stdout(error)),
        _ => Ok(()),
    }
}

/// Creates the file in one step, never following a link, and returns after it is on disk.
///
/// An error leaves nothing behind and what was there untouched.
#[expect(clippy::disallowed_methods, reason = "exported files are written and replaced here")]
pub fn write_file(export: &Export<'_>, bytes: &[u8]) -> Result<(), SinkError> {
    let failed = |source| SinkError::Io { path: export.path.to_owned(), source };
    if !export.replace {
        let file = create(export.path).map_err(|source| match source.kind() {
            io::ErrorKind::AlreadyExists => SinkError::Exists(export.path.to_owned()),
            _ => failed(source),
        })?;
        return fill(&file, export.audience, bytes).map_err(|source| {
            let _ = std::fs::remove_file(export.path); // created above; the first error is the one to report
            failed(source)
        });
    }
    match export.path.symlink_metadata() {
        Ok(found) if !found.is_file() => return Err(SinkError::NotAFile(export.path.to_owned())),
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let temporary = beside(export.path);
    let replaced = create(&temporary)
        .and_then(|file| fill(&file, export.audience, bytes))
        .and_then(|()| std::fs::rename(&temporary, export.path));
    replaced.map_err(|source| {
        if source.kind() != io::ErrorKind::AlreadyExists {
            let _ = std::fs::remove_file(&temporary); // ours, unless create said that it was there
        }
        failed(source)
    })
}

fn create(path: &Path) -> io::Result<File> {
    let flags = OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let flags = i32::try_from(flags.bits()).map_err(io::Error::other)?;
    OpenOptions::new().write(true).create_new(true).mode(0o600).custom_flags(flags).open(path)
}

fn fill(mut file: &File, audience: Audience, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    if let Audience::Everybody { umask } = audience {
        // The process's own umask (077) is for secrets; a certificate is public and gets what the user wants.
        file.set_permissions(Permissions::from_mode(0o644 & !umask))?;
    }
    file.sync_all()
}

fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(format!(".{}.tmp", std::process::id()));
    path.with_file_name(name)
}

/// Why a file that decides or opens something may not be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} {problem}", path.display())]
pub struct UnsafeMode {
    /// The file.
    pub path: PathBuf,
    /// "can be read by others (mode 0644)", …
    pub problem: String,
    /// The mode bits to take away, as `chmod` understands them.
    pub fix: &'static str,
}

/// Opens a regular file at a place that the user did not name; anything else there is an error.
///
/// Why not [`File::open`]: it would wait for ever on a FIFO that somebody planted.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let flags = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"))
    }
}

/// Checks an open file's owner and mode: never writable by others, with `private` not readable either.
pub fn check_mode(path: &Path, file: &File, private: bool) -> io::Result<Result<(), UnsafeMode>> {
    let found = file.metadata()?;
    if !found.is_file() {
        return Ok(Ok(())); // a pipe or a terminal has no mode that counts
    }
    let mode = found.mode() & 0o7777;
    let (what, mask, fix) = if private { ("read", 0o077, "600") } else { ("written", 0o022, "go-w") };
    let us = rustix::process::geteuid().as_raw();
    let problem = if mode & mask != 0 {
        format!("can be {what} by others (mode {mode:04o})")
    } else if found.uid() != us && found.uid() != 0 {
        format!("belongs to another user (uid {})", found.uid())
    } else {
        return Ok(Ok(()));
    };
    Ok(Err(UnsafeMode { path: path.to_owned(), problem, fix }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn export(path: &Path, replace: bool) -> Export<'_> {
        Export { path, audience: Audience::Owner, replace }
    }

    fn mode(path: &Path) -> u32 {
        path.symlink_metadata().unwrap().mode() & 0o7777
    }

    #[test]
    fn modes_follow_the_audience() {
        let dir = tempfile::tempdir().unwrap();
        let secret = dir.path().join("secret");
        write_file(&export(&secret, false), b"s").unwrap();
        assert_eq!(mode(&secret), 0o600);
        let public = dir.path().join("public");
        let audience = Audience::Everybody { umask: 0o027 };
        write_file(&Export { path: &public, audience, replace: false }, b"p").unwrap();
        assert_eq!(mode(&public), 0o640);
    }

    #[test]
    fn nothing_is_overwritten_unless_wanted() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("file");
        write_file(&export(&path, false), b"one").unwrap();
        assert!(matches!(write_file(&export(&path, false), b"two"), Err(SinkError::Exists(_))));
        assert_eq!(std::fs::read(&path).unwrap(), b"one");
        write_file(&export(&path, true), b"two").unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"two");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }

    #[test]
    fn links_folders_and_pipes_are_left_alone() {
        let dir = tempfile::tempdir().unwrap();
        let victim = dir.path().join("victim");
        write_file(&export(&victim, false), b"keep").unwrap();
        let link = dir.path().join("link");
        std::os::unix::fs::symlink(&victim, &link).unwrap();
        let dangling = dir.path().join("dangling");
        std::os::unix::fs::symlink(dir.path().join("elsewhere"), &dangling).unwrap();
        for path in [&link, &dangling, &dir.path().to_owned()] {
            assert!(write_file(&export(path, false), b"x").is_err());
            assert!(matches!(write_file(&export(path, true), b"x"), Err(SinkError::NotAFile(_))));
        }
        assert_eq!(std::fs::read(&victim).unwrap(), b"keep");
        assert!(!dir.path().join("elsewhere").exists());
    }

    #[test]
    fn a_closed_pipe_is_success_and_a_full_disk_is_not() {
        struct Failing(io::ErrorKind);
        impl io::Write for Failing {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(self.0.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        assert!(write_stream(&mut Failing(io::ErrorKind::BrokenPipe), b"x").is_ok());
        assert!(write_stream(&mut Failing(io::ErrorKind::StorageFull), b"x").is_err());
    }

    #[test]
    fn modes_that_others_can_use_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("identity");
        write_file(&export(&path, false), b"x").unwrap();
        for (bits, private, fine) in
            [(0o600, true, true), (0o640, true, false), (0o644, false, true), (0o664, false, false)]
        {
            std::fs::set_permissions(&path, Permissions::from_mode(bits)).unwrap();
            let verdict = check_mode(&path, &File::open(&path).unwrap(), private).unwrap();
            assert_eq!(verdict.is_ok(), fine, "{bits:o} {private}");
        }
    }
}
