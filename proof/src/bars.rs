//! What is promised, with the harnesses that prove it: data, which `tests/architecture.rs` holds against the tests.

/// A promise with a number.
pub(crate) struct Bar {
    /// `R1`, …
    pub(crate) name: &'static str,
    /// What is done to the program.
    pub(crate) what: &'static str,
    /// The number that must be reached.
    pub(crate) asked: &'static str,
    /// Who does it.
    pub(crate) parts: &'static [Part],
}

/// Some tests of one test binary.
pub(crate) struct Part {
    /// Its name; `lib` is the library's own tests, `fuzz` the fuzz targets.
    pub(crate) suite: &'static str,
    /// What their paths contain, or the path of a long one, or how many seconds each target is run.
    pub(crate) tests: &'static str,
    /// Whether they are a sweep, which `cargo test` leaves out.
    pub(crate) long: bool,
}

const fn quick(suite: &'static str, tests: &'static str) -> Part {
    Part { suite, tests, long: false }
}

const fn long(suite: &'static str, tests: &'static str) -> Part {
    Part { suite, tests, long: true }
}

/// Every bar, in the order in which they are proven.
pub(crate) const BARS: &[Bar] = &[
    Bar {
        name: "R1",
        what: "SIGKILL at every system call of every mutating command",
        asked: "old or new, never between; acknowledged means new",
        parts: &[
            quick("crash", "kill::"),
            quick("crash", "refresh::killed_at_the_moments_that_matter"),
            long("crash", "kill::killed_at_every_system_call_of_every_command"),
            long("crash", "refresh::killed_at_every_system_call"),
        ],
    },
    Bar {
        name: "R2",
        what: "power cut: every legal reordering of what was not synced",
        asked: "no illegal state",
        parts: &[
            quick("crash", "power_cut::"),
            quick("crash", "refresh::no_power_cut"),
            long("crash", "power_cut::power_cut_in_every_command"),
        ],
    },
    Bar {
        name: "R3",
        what: "an I/O error at every system call, once, from then on, and in the run that recovers",
        asked: "no panic, no signal, exit 8 or 9, nothing left over after the next run",
        parts: &[
            quick("crash", "io_errors::"),
            quick("crash", "recovery::"),
            quick("crash", "small_disk::"),
            quick("lib", "vault::tests::files::"),
            long("crash", "io_errors::the_disk_refuses_every_call_of_every_command"),
            long("crash", "refresh::the_disk_refuses_every_call"),
            long("crash", "recovery::the_disk_refuses_every_call_of_what_cleans_up"),
        ],
    },
    Bar {
        name: "R4",
        what: "64 processes read and write",
        asked: "no lost update, no deadlock",
        parts: &[quick("concurrency", "mixed::"), long("concurrency", "mixed::sweep_mixed_reads_and_writes")],
    },
    Bar {
        name: "R5",
        what: "killed with a lock in hand",
        asked: "the next one has it in less than 1 s",
        parts: &[
            quick("crash", "locks::"),
            quick("concurrency", "waiting::a_dead_holder"),
            long("crash", "locks::a_hundred_holders_are_killed"),
        ],
    },
    Bar {
        name: "R6",
        what: "64 processes want the same step of a rotation",
        asked: "one winner per step; the others exit 5 or 7",
        parts: &[quick("concurrency", "steps::"), long("concurrency", "steps::sweep_races_for_every_step")],
    },
    Bar {
        name: "R7",
        what: "killed anywhere in a rotation, against the simulator",
        asked: "always a key that the vendor accepts; no orphan after a rerun",
        parts: &[
            quick("concurrency", "killed::"),
            long("concurrency", "killed::sweep_kills_during_rotations"),
        ],
    },
    Bar {
        name: "R8",
        what: "`token get` all through 1,000 rotations",
        asked: "no failed exchange",
        parts: &[
            quick("concurrency", "flight::"),
            long("concurrency", "flight::sweep_tokens_during_rotations"),
            long("concurrency", "flight::sweep_expiries"),
        ],
    },
    Bar {
        name: "R9",
        what: "64 processes at each of 100 expiries; lost answers",
        asked: "one request per expiry; no family lost; a lost answer is told",
        parts: &[quick("concurrency", "refresh::"), long("concurrency", "refresh::sweep_refresh_races")],
    },
    Bar {
        name: "R10",
        what: "bits flipped, ends cut, bytes added, parts exchanged",
        asked: "always exit 8 with a plain message; the previous generation opens",
        parts: &[
            quick("tamper", "damage::"),
            quick("tamper", "pages::"),
            quick("lib", "vault::reader::"),
            long("tamper", "damage::a_thousand_damaged_vaults"),
            long("tamper", "pages::a_thousand_damaged_vaults_by_pages"),
            long("lib", "vault::reader::tests::five_thousand_images_and_damages"),
        ],
    },
    Bar {
        name: "R11",
        what: "hostile callbacks, then the genuine one",
        asked: "the genuine login succeeds; nothing is echoed",
        parts: &[
            quick("callback", ""),
            long("callback", "hostile::the_genuine_answer_arrives_in_thousands_of_orders"),
            long("callback", "garbage::garbage_by_the_ten_thousands_is_refused_alike"),
            long("callback", "pages::a_page_that_has_waited_long_says_so_and_asks_again"),
        ],
    },
    Bar {
        name: "R12",
        what: "64 processes redeem one invitation; every pair of states",
        asked: "exactly one succeeds; what is forbidden is refused",
        parts: &[quick("cli", "invite::once::"), quick("lib", "domain::invitation::")],
    },
    Bar {
        name: "R13",
        what: "secret canaries in everything that comes out",
        asked: "no hit",
        parts: &[
            quick("tamper", "canary::"),
            quick("tamper", "secrets::"),
            quick("tamper", "children::"),
            quick("tamper", "grants::"),
            quick("tamper", "identities::"),
        ],
    },
    Bar {
        name: "R14",
        what: "planted links, FIFOs, folders and sockets; an open umask",
        asked: "no victim, no hang; every file 0600 in one step",
        parts: &[
            quick("crash", "modes::"),
            quick("crash", "planted::"),
            long("crash", "modes::every_command_creates_its_files_in_one_step"),
            long("crash", "planted::traps_for_every_command"),
        ],
    },
    Bar {
        name: "R15",
        what: "an audit log that cannot be written, or was changed",
        asked: "no secret released, no change made; found up to the anchor",
        parts: &[quick("tamper", "audit::"), long("tamper", "audit::no_deed_survives_without_a_record")],
    },
    Bar {
        name: "R15a",
        what: "a rewritten vault, a planted entry, an older generation put back",
        asked: "refused with exit 8 by everybody with a pin",
        parts: &[
            quick("tamper", "forgery::"),
            quick("tamper", "roles::"),
            long("tamper", "forgery::everybody_refuses_every_forgery"),
            long("tamper", "forgery::everybody_refuses_every_older_generation"),
        ],
    },
    Bar {
        name: "R16",
        what: "hostile names through every command and format, and on a terminal",
        asked: "no control byte, no formula, no command; JSON round-trips",
        parts: &[
            quick("faults", "hostile::"),
            quick("faults", "screen::"),
            quick("faults", "terminal::"),
            quick("cli", "invite::hostile::"),
            long("faults", "hostile::hostile_texts_reach_nobody_at_length"),
            long("faults", "screen::a_terminal_shows_what_was_sent_and_does_nothing_else_at_length"),
        ],
    },
    Bar {
        name: "R17",
        what: "`verify` against at least 40 faults",
        asked: "never exit 0; each the documented code",
        parts: &[quick("faults", "verify::"), quick("faults", "batch::")],
    },
    Bar {
        name: "R18",
        what: "slow, endless and deep answers",
        asked: "over at the deadline + 1 s, under 64 MB",
        parts: &[quick("faults", "limits::")],
    },
    Bar {
        name: "R19",
        what: "malformed input for every parser",
        asked: "no panic, no hang",
        parts: &[
            quick("faults", "parsers::"),
            quick("faults", "seeds::"),
            long("faults", "seeds::damaged_seeds_hold_by_the_ten_thousands"),
            long("fuzz", "60"),
        ],
    },
    Bar {
        name: "R20",
        what: "vaults of other releases; an interrupted migration",
        asked: "every released schema opens; a newer one is refused",
        parts: &[
            quick("crash", "released::"),
            quick("crash", "kill::killed_in_a_migration"),
            quick("tamper", "newer::"),
            quick("lib", "vault::schema::"),
        ],
    },
];
