//! SQLite reads a database from a [`Source`]: a read-only VFS, registered once per process under a private name.
//!
//! The one module with `unsafe` code: SQLite's interface for it is C. What keeps it small and sound:
//!
//! - No pointer travels through a name. A source waits in [`WAITING`] under a number that was never used before;
//!   SQLite is given the number as a file name, and `xOpen` takes the source out. So every source is opened at most once,
//!   is owned by that one open file, and a name that somebody guesses opens nothing.
//! - The file calls itself immutable: SQLite then takes no locks and looks for no journal and no WAL. There is no shared
//!   memory (`iVersion` 1), and whatever would write is refused.
//! - No unwinding reaches C: the only call into code that could panic is caught and becomes an I/O error.
//!
//! Source: sqlite.org/c3ref/vfs.html, sqlite.org/c3ref/io_methods.html, sqlite.org/c3ref/c_iocap_atomic.html.
#![expect(unsafe_code, reason = "SQLite's VFS is a C interface; each block says why it is sound")]
#![deny(clippy::undocumented_unsafe_blocks, clippy::multiple_unsafe_ops_per_block)]

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char, c_int, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::sync::{Mutex, OnceLock, PoisonError};

use rusqlite::ffi::{self, sqlite3_file, sqlite3_io_methods, sqlite3_vfs};
use rusqlite::{Connection as Database, OpenFlags};

/// Bytes that SQLite reads as a database file.
pub(super) trait Source: Send {
    /// How many there are; never changes.
    fn length(&self) -> u64;

    /// Fills `buffer` with the bytes from `offset` on and returns how many there were: fewer only at the end.
    fn read_at(&mut self, offset: u64, buffer: &mut [u8]) -> Result<usize, Unreadable>;
}

/// The bytes could not be read; the source knows why.
#[derive(Debug)]
pub(super) struct Unreadable;

/// What the VFS is called in SQLite's list.
const NAME: &CStr = c"tokenctl-vault";

/// Sources that SQLite is about to open, by the number that is their file name.
static WAITING: Mutex<Waiting> = Mutex::new(Waiting { next: 0, sources: BTreeMap::new() });

struct Waiting {
    next: u64,
    sources: BTreeMap<u64, Box<dyn Source>>,
}

/// Opens `source` as a database that cannot be changed.
pub(super) fn open(source: Box<dyn Source>) -> rusqlite::Result<Database> {
    register()?;
    let number = waiting(|waiting| {
        waiting.next += 1;
        waiting.sources.insert(waiting.next, source);
        waiting.next
    });
    // No URI: nothing in the name has a meaning but the number.
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    #[expect(
        clippy::disallowed_methods,
        reason = "the vault's databases are opened here and in `generation`"
    )]
    let opened = Database::open_with_flags_and_vfs(number.to_string(), flags, NAME);
    // SQLite took it, or failed before it came to that.
    drop(waiting(|waiting| waiting.sources.remove(&number)));
    opened
}

fn waiting<T>(act: impl FnOnce(&mut Waiting) -> T) -> T {
    act(&mut WAITING.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Makes the VFS known to SQLite, once.
fn register() -> rusqlite::Result<()> {
    static REGISTERED: OnceLock<c_int> = OnceLock::new();
    let code = *REGISTERED.get_or_init(|| {
        // SQLite keeps the structure and links it to others for as long as the process lives.
        let vfs = Box::leak(Box::new(vfs()));
        // SAFETY: the structure is initialised, is never freed or moved, and nothing here touches it again. It is made
        // for SQLite to change (`pNext`). 0: it does not become the default.
        unsafe { ffi::sqlite3_vfs_register(vfs, 0) }
    });
    if code == ffi::SQLITE_OK {
        Ok(())
    } else {
        Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None))
    }
}

fn vfs() -> sqlite3_vfs {
    sqlite3_vfs {
        iVersion: 1,
        szOsFile: FILE_SIZE,
        mxPathname: 64,
        pNext: ptr::null_mut(),
        zName: NAME.as_ptr(),
        pAppData: ptr::null_mut(),
        xOpen: Some(open_file),
        xDelete: Some(delete),
        xAccess: Some(access),
        xFullPathname: Some(full_path),
        // Only called to load extensions, which no connection of ours allows.
        xDlOpen: None,
        xDlError: None,
        xDlSym: None,
        xDlClose: None,
        xRandomness: Some(randomness),
        xSleep: Some(sleep),
        xCurrentTime: Some(current_time),
        xGetLastError: None,
        xCurrentTimeInt64: None,
        xSetSystemCall: None,
        xGetSystemCall: None,
        xNextSystemCall: None,
    }
}

static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(lock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// An open file, in memory that SQLite allocates (`szOsFile` bytes, aligned for 8) and that [`open_file`] fills.
#[repr(C)]
struct OpenFile {
    /// What SQLite knows of it; first, so that a pointer to it is one to the whole.
    base: sqlite3_file,
    source: Box<dyn Source>,
}

const _: () = assert!(align_of::<OpenFile>() <= 8, "SQLite aligns its allocations for 8 bytes");

#[expect(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "three pointers")]
const FILE_SIZE: c_int = size_of::<OpenFile>() as c_int;

/// `xOpen`: takes the source whose number is `name`.
unsafe extern "C" fn open_file(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    file: *mut sqlite3_file,
    _: c_int,
    flags_out: *mut c_int,
) -> c_int {
    // SAFETY: SQLite passes `szOsFile` bytes for the file, whose first field this is. Null means "not open": SQLite then
    // does not call `close` for a file that failed to open.
    unsafe { (*file).pMethods = ptr::null() };
    // A temporary file has no name; `temp_store` keeps those in memory.
    if name.is_null() {
        return ffi::SQLITE_CANTOPEN;
    }
    // SAFETY: SQLite passes a string that ends with NUL and lives at least as long as this call.
    let name = unsafe { CStr::from_ptr(name) };
    let number = name.to_str().ok().and_then(|name| name.parse().ok());
    let Some(source) = number.and_then(|number: u64| waiting(|waiting| waiting.sources.remove(&number)))
    else {
        return ffi::SQLITE_CANTOPEN;
    };
    let open = OpenFile { base: sqlite3_file { pMethods: &raw const METHODS }, source };
    // SAFETY: the memory is `szOsFile` = size_of::<OpenFile>() bytes long and aligned for it (asserted above); nothing
    // that needed dropping was in it. From here on SQLite calls `close` exactly once.
    unsafe { file.cast::<OpenFile>().write(open) };
    if !flags_out.is_null() {
        // SAFETY: not null, then it points to an integer for the answer.
        unsafe { *flags_out = ffi::SQLITE_OPEN_READONLY };
    }
    ffi::SQLITE_OK
}

/// `xClose`: gives the source back.
unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: `open_file` wrote a whole `OpenFile` there, and SQLite calls this once per opened file, as its last call.
    unsafe { ptr::drop_in_place(file.cast::<OpenFile>()) };
    ffi::SQLITE_OK
}

/// `xRead`: what is missing at the end is zeros.
unsafe extern "C" fn read(file: *mut sqlite3_file, buffer: *mut c_void, count: c_int, offset: i64) -> c_int {
    let (Ok(count), Ok(offset)) = (usize::try_from(count), u64::try_from(offset)) else {
        return ffi::SQLITE_IOERR_READ;
    };
    let buffer = buffer.cast::<u8>();
    // SAFETY: SQLite passes `count` writable bytes. Zeros first, because they may never have been initialised, which a
    // slice must be; and SQLite wants zeros in place of what is missing.
    unsafe { buffer.write_bytes(0, count) };
    // SAFETY: the same bytes, initialised by the line above; SQLite touches them only after this call.
    let buffer = unsafe { std::slice::from_raw_parts_mut(buffer, count) };
    // SAFETY: `open_file` wrote a whole `OpenFile` there. A connection calls the methods of its files one at a time (only
    // one thread uses it, see `Connection`, which is not `Sync`), so nothing else refers to it meanwhile.
    let open = unsafe { &mut *file.cast::<OpenFile>() };
    // After a panic the source is not used again: whoever asked gets an error and drops the connection.
    match catch_unwind(AssertUnwindSafe(|| open.source.read_at(offset, buffer))) {
        Ok(Ok(read)) if read == count => ffi::SQLITE_OK,
        Ok(Ok(_)) => ffi::SQLITE_IOERR_SHORT_READ,
        Ok(Err(Unreadable)) | Err(_) => ffi::SQLITE_IOERR_READ,
    }
}

/// `xFileSize`
unsafe extern "C" fn file_size(file: *mut sqlite3_file, size: *mut i64) -> c_int {
    // SAFETY: as in `read`; shared, since nothing is changed.
    let open = unsafe { &*file.cast::<OpenFile>() };
    let Ok(length) = i64::try_from(open.source.length()) else { return ffi::SQLITE_IOERR_FSTAT };
    // SAFETY: SQLite passes a pointer to an integer for the answer.
    unsafe { *size = length };
    ffi::SQLITE_OK
}

/// `xFullPathname`: a number is its own full path.
unsafe extern "C" fn full_path(
    _: *mut sqlite3_vfs,
    name: *const c_char,
    room: c_int,
    out: *mut c_char,
) -> c_int {
    // SAFETY: SQLite passes a string that ends with NUL and lives at least as long as this call.
    let name = unsafe { CStr::from_ptr(name) }.to_bytes_with_nul();
    if usize::try_from(room).is_ok_and(|room| name.len() <= room) {
        // SAFETY: `out` has `room` writable bytes, enough by the line above, and is a buffer of its own.
        unsafe { ptr::copy_nonoverlapping(name.as_ptr().cast(), out, name.len()) };
        ffi::SQLITE_OK
    } else {
        ffi::SQLITE_CANTOPEN
    }
}

/// `xAccess`: beside the database there is nothing, no journal either.
unsafe extern "C" fn access(_: *mut sqlite3_vfs, _: *const c_char, _: c_int, found: *mut c_int) -> c_int {
    // SAFETY: SQLite passes a pointer to an integer for the answer.
    unsafe { *found = 0 };
    ffi::SQLITE_OK
}

/// `xCheckReservedLock`: nobody writes.
unsafe extern "C" fn check_reserved_lock(_: *mut sqlite3_file, held: *mut c_int) -> c_int {
    // SAFETY: SQLite passes a pointer to an integer for the answer.
    unsafe { *held = 0 };
    ffi::SQLITE_OK
}

/// `xLock`, `xUnlock`: what never changes needs no lock.
extern "C" fn lock(_: *mut sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// `xDeviceCharacteristics`
extern "C" fn device_characteristics(_: *mut sqlite3_file) -> c_int {
    ffi::SQLITE_IOCAP_IMMUTABLE
}

/// `xSectorSize`: it matters to writers only.
extern "C" fn sector_size(_: *mut sqlite3_file) -> c_int {
    4096
}

/// `xFileControl`: no special request is understood.
extern "C" fn file_control(_: *mut sqlite3_file, _: c_int, _: *mut c_void) -> c_int {
    ffi::SQLITE_NOTFOUND
}

/// `xWrite`
extern "C" fn write(_: *mut sqlite3_file, _: *const c_void, _: c_int, _: i64) -> c_int {
    ffi::SQLITE_READONLY
}

/// `xTruncate`
extern "C" fn truncate(_: *mut sqlite3_file, _: i64) -> c_int {
    ffi::SQLITE_READONLY
}

/// `xSync`: nothing was written.
extern "C" fn sync(_: *mut sqlite3_file, _: c_int) -> c_int {
    ffi::SQLITE_OK
}

/// `xDelete`
extern "C" fn delete(_: *mut sqlite3_vfs, _: *const c_char, _: c_int) -> c_int {
    ffi::SQLITE_READONLY
}

/// `xRandomness`: no bytes. SQLite asks the default VFS for its seed.
extern "C" fn randomness(_: *mut sqlite3_vfs, _: c_int, _: *mut c_char) -> c_int {
    0
}

/// `xSleep`: not at all; nothing is waited for.
extern "C" fn sleep(_: *mut sqlite3_vfs, _: c_int) -> c_int {
    0
}

/// `xCurrentTime`: time comes from `clock::Clock`, never from SQL.
extern "C" fn current_time(_: *mut sqlite3_vfs, _: *mut f64) -> c_int {
    ffi::SQLITE_ERROR
}
