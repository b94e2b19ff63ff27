//! The seeded bugs of `src/`, each with a test that must find it: data, which `tests/architecture.rs` holds against the
//! calls of `hooks::mutant`.

/// How a test shows that it finds a bug.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum How {
    /// It seeds the bug itself and fails unless its harness finds it.
    Seeds,
    /// It is run with the bug and must fail.
    Red,
}

/// A bug that is compiled in for the tests and switched on by its name.
pub(crate) struct Mutant {
    /// The name by which it is seeded.
    pub(crate) name: &'static str,
    /// The bar that it breaks.
    pub(crate) bar: &'static str,
    /// The binary of the test that finds it; `lib` is the library's own tests.
    pub(crate) suite: &'static str,
    /// The path of that test.
    pub(crate) test: &'static str,
    /// How it does.
    pub(crate) how: How,
}

const fn seeds(bar: &'static str, name: &'static str, suite: &'static str, test: &'static str) -> Mutant {
    Mutant { name, bar, suite, test, how: How::Seeds }
}

const fn red(bar: &'static str, name: &'static str, suite: &'static str, test: &'static str) -> Mutant {
    Mutant { name, bar, suite, test, how: How::Red }
}

/// Every bug, by bar; one that breaks several stands at each.
#[rustfmt::skip] // a table
pub(crate) const MUTANTS: &[Mutant] = &[
    seeds("R1", "acknowledge-before-commit", "crash", "kill::seeded_bugs_are_found"),
    seeds("R1", "non-atomic-write", "crash", "kill::seeded_bugs_are_found"),
    seeds("R1", "delete-before-switch", "crash", "kill::seeded_bugs_are_found"),
    seeds("R1", "refresh-without-intent", "crash", "refresh::seeded_bugs_are_found"),
    seeds("R1", "release-before-durable", "crash", "refresh::seeded_bugs_are_found"),
    seeds("R2", "no-fsync", "crash", "power_cut::missing_syncs_are_found"),
    seeds("R2", "no-folder-fsync", "crash", "power_cut::missing_syncs_are_found"),
    seeds("R2", "no-fsync", "crash", "refresh::no_power_cut_forgets_what_was_sent_or_told"),
    seeds("R2", "no-folder-fsync", "crash", "refresh::no_power_cut_forgets_what_was_sent_or_told"),
    seeds("R3", "failed-sync-ignored", "crash", "io_errors::seeded_bugs_are_found"),
    seeds("R3", "panic-on-refusal", "crash", "io_errors::seeded_bugs_are_found"),
    seeds("R3", "drafts-left-behind", "crash", "recovery::drafts_that_stay_are_found"),
    seeds("R4", "no-vault-lock", "concurrency", "mixed::without_the_lock_of_the_vault_it_would_be_noticed"),
    seeds("R4", "no-audit-lock", "concurrency", "mixed::without_the_lock_of_the_log_it_would_be_noticed"),
    seeds("R5", "lock-outlives-holder", "crash", "locks::a_lock_that_outlives_its_holder_is_found"),
    seeds("R6", "no-vault-lock", "concurrency", "steps::without_the_locks_there_are_several_winners"),
    seeds("R6", "no-connection-lock", "concurrency", "steps::without_the_locks_there_are_several_winners"),
    seeds("R7", "destroy-before-switch", "concurrency", "killed::an_old_key_that_goes_too_early_is_noticed"),
    seeds("R8", "destroy-before-switch", "concurrency", "flight::a_key_that_is_gone_too_early_would_be_noticed"),
    seeds("R8", "no-connection-lock", "concurrency", "flight::without_single_flight_it_would_be_noticed"),
    seeds("R8", "refresh-without-reread", "concurrency", "flight::without_single_flight_it_would_be_noticed"),
    seeds("R9", "no-connection-lock", "concurrency", "refresh::without_lock_or_second_look_a_family_would_be_lost"),
    seeds("R9", "refresh-without-reread", "concurrency", "refresh::without_lock_or_second_look_a_family_would_be_lost"),
    seeds("R9", "refresh-without-intent", "concurrency", "refresh::an_intent_that_is_not_durable_would_be_noticed"),
    seeds("R9", "release-before-durable", "concurrency", "refresh::a_token_that_is_released_before_its_answer_is_durable_would_be_noticed"),
    red("R9", "retry-refresh", "lib", "oauth::token::tests::a_refresh_token_is_sent_once_unless_nobody_saw_it"),
    seeds("R10", "panic-on-damage", "tamper", "damage::the_harness_finds_a_panic"),
    seeds("R10", "skip-damaged-journal", "tamper", "damage::the_harness_finds_an_entry_that_is_skipped"),
    seeds("R10", "chunk-unverified", "tamper", "pages::the_harness_finds_chunks_that_nobody_verifies"),
    red("R10", "chunk-unverified", "lib", "vault::reader::tests::damage_anywhere_is_found_or_harmless"),
    red("R11", "callback-state-unchecked", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-error-first", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-host-unchecked", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-any-method", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-any-path", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-echo", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-no-head-cap", "callback", "hostile::every_hostile_request_is_refused_in_its_way"),
    red("R11", "callback-closes-on-first", "callback", "hostile::the_genuine_answer_arrives_whatever_came_before"),
    red("R11", "callback-code-stays", "callback", "hostile::the_genuine_answer_arrives_whatever_came_before"),
    red("R11", "callback-state-reusable", "callback", "single_use::the_state_counts_once"),
    red("R11", "callback-issuer-unchecked", "callback", "single_use::the_issuer_is_compared_where_it_can_be"),
    red("R11", "callback-realm-unchecked", "callback", "single_use::another_company_is_noticed_before_anything_is_exchanged"),
    red("R11", "callback-no-eviction", "callback", "slow::three_hundred_slow_connections_do_not_hold_up_the_genuine_one"),
    red("R11", "callback-no-head-timeout", "callback", "slow::a_slow_connection_is_closed_after_five_seconds"),
    red("R11", "callback-v4-only", "callback", "ports::a_port_that_is_taken_on_one_address_is_taken"),
    seeds("R11", "callback-style-refused", "callback", "browser::a_style_that_the_browser_refuses_is_found"),
    seeds("R12", "redeem-without-reread", "cli", "invite::once::the_race_finds_a_redemption_without_a_second_look"),
    seeds("R13", "log-secrets", "tamper", "secrets::the_harness_finds_a_secret_in_the_log"),
    seeds("R13", "token-for-its-hash", "tamper", "secrets::the_harness_finds_a_token_in_the_audit_log"),
    seeds("R14", "links-followed", "crash", "planted::links_that_are_followed_are_found"),
    seeds("R14", "mode-for-all", "crash", "modes::a_mode_for_all_is_found"),
    seeds("R15", "unrecorded", "tamper", "audit::the_harness_finds_deeds_without_a_record"),
    seeds("R15", "no-anchor-check", "tamper", "audit::the_harness_finds_a_missing_anchor_and_a_missing_chain"),
    seeds("R15", "audit-no-chain", "tamper", "audit::the_harness_finds_a_missing_anchor_and_a_missing_chain"),
    seeds("R15a", "trust-any-key", "tamper", "forgery::the_harness_finds_missing_checks"),
    seeds("R15a", "no-signature-check", "tamper", "forgery::the_harness_finds_missing_checks"),
    seeds("R15a", "no-high-water", "tamper", "forgery::the_harness_finds_a_missing_memory"),
    seeds("R15a", "unsigned-journal", "tamper", "forgery::the_harness_finds_an_unsigned_journal"),
    seeds("R15a", "viewer-passes", "tamper", "roles::the_harness_finds_a_viewer_who_gets_too_far"),
    seeds("R16", "no-sanitiser", "faults", "hostile::the_sweep_finds_a_missing_sanitiser"),
    seeds("R16", "no-sanitiser", "faults", "screen::the_emulator_sees_a_missing_sanitiser"),
    seeds("R17", "failure-is-proof", "faults", "verify::the_table_finds_seeded_bugs"),
    seeds("R17", "any-answer-is-a-token", "faults", "verify::the_table_finds_seeded_bugs"),
    seeds("R17", "mapping-unchecked", "faults", "verify::the_table_finds_seeded_bugs"),
    seeds("R17", "redirects-followed", "faults", "verify::the_table_finds_seeded_bugs"),
    seeds("R18", "no-timeout", "faults", "limits::the_sweep_finds_seeded_bugs"),
    seeds("R18", "no-answer-cap", "faults", "limits::the_sweep_finds_seeded_bugs"),
    seeds("R19", "chunk-unverified", "faults", "seeds::a_target_finds_a_missing_check"),
    seeds("R19", "panic-on-malformed", "faults", "parsers::a_parser_that_panics_is_found"),
    seeds("R20", "any-schema", "tamper", "newer::a_schema_that_nobody_checks_is_found"),
    // Beyond the numbered bars: what an exchange, a login, a disconnection and an invitation promise.
    red("oauth", "basic-unescaped", "lib", "oauth::request::tests::basic_is_urlencoded_before_base64_and_stands_alone"),
    red("oauth", "two-auth-methods", "lib", "oauth::request::tests::basic_is_urlencoded_before_base64_and_stands_alone"),
    red("oauth", "any-issuer", "lib", "oauth::discovery::tests::answers_that_are_no_metadata"),
    red("oauth", "revoked-anyway", "lib", "oauth::revoke::tests::what_is_dead_and_what_is_alive"),
    red("oauth", "slow-down-unheard", "lib", "oauth::device::tests::a_person_is_waited_for"),
    red("oauth", "redirects-followed", "lib", "oauth::token::tests::redirects_are_not_followed"),
    seeds("login", "login-without-lock", "cli", "login::a_refresh_under_way_does_not_undo_a_login"),
    seeds("login", "company-unconfirmed", "cli", "login::seeded_bugs_are_found"),
    seeds("login", "contradiction-dropped", "cli", "login::seeded_bugs_are_found"),
    seeds("leaving", "forget-whatever-it-says", "cli", "disconnect::a_seeded_bug_is_found"),
    seeds("invite", "no-access-limit", "cli", "invite::limits::without_the_limit_everybody_is_let_in"),
];
