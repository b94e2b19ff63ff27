//! The completion scripts in the shells themselves, with a vault whose company names are hostile.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use crate::{has, root};

/// A home with a vault: `acme` and `acme-eu`, and companies that a shell would take apart.
struct Home {
    folder: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap() };
        home.ok(&["init"]);
        for (account, (name, company)) in (1_000_000..).zip([
            ("acme", "Acme Ltd"),
            ("acme-eu", "Acme $(touch pwned) `touch pwned` *"),
            ("globex", "Globex \u{1b}[31m\nInc"),
            ("initech", "Initech: O'Neill & \"Sons\""),
        ]) {
            let account = format!("--account={account}");
            let company = format!("--company={company}");
            home.ok(&["connection", "add", "netsuite", name, &account, "--client-id=c", &company]);
        }
        // A place where the shells find it, beside what they need themselves.
        let bin = home.path().join("bin");
        std::fs::create_dir(&bin).unwrap();
        std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_tokenctl"), bin.join("tokenctl")).unwrap();
        home
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        let path = format!("{}:/usr/local/bin:/usr/bin:/bin", self.path().join("bin").display());
        command.env_clear().env("HOME", self.path()).env("PATH", path).env("LC_ALL", "C.UTF-8");
        command.current_dir(self.path());
        command
    }

    fn ok(&self, arguments: &[&str]) {
        let output = self.command(env!("CARGO_BIN_EXE_tokenctl")).args(arguments).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    }

    /// What `script` prints in a shell, line by line.
    fn lines(&self, shell: &str, flags: &[&str], script: &str) -> Vec<String> {
        let output = self.command(shell).args(flags).args(["-c", script]).output().unwrap();
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success() && stderr.is_empty(), "{shell}: {script}: {stderr}");
        assert!(!self.path().join("pwned").exists(), "{shell} ran what a company is called");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// What an own program in the place of ours answers for words.
    fn asked(&self, shell: &str, words: &[&str]) -> std::process::Output {
        self.command(env!("CARGO_BIN_EXE_tokenctl"))
            .env("COMPLETE", shell)
            .arg("--")
            .args(words)
            .output()
            .unwrap()
    }
}

fn script(file: &str) -> String {
    root().join("completions").join(file).display().to_string()
}

/// As readline calls the function: the line up to the cursor, and the word that it would replace.
fn in_bash(home: &Home, line: &str, replaced: &str) -> Vec<String> {
    let quoted = |text: &str| format!("'{}'", text.replace('\'', r"'\''"));
    let (line, replaced) = (quoted(line), quoted(replaced));
    let script = format!(
        "source {}; COMP_LINE={line}; COMP_POINT=${{#COMP_LINE}}; _tokenctl tokenctl {replaced} x; \
         for entry in \"${{COMPREPLY[@]}}\"; do printf '%s\\n' \"$entry\"; done",
        script("tokenctl.bash")
    );
    home.lines("bash", &["--norc", "--noprofile"], &script)
}

#[test]
fn bash_completes() {
    let home = Home::new();
    assert_eq!(in_bash(&home, "tokenctl connection show ac", "ac"), ["acme", "acme-eu"]);
    assert_eq!(in_bash(&home, "tokenctl rot", "rot"), ["rotate"]);
    assert_eq!(in_bash(&home, "tokenctl -o js", "js"), ["json", "jsonl"]);
    assert_eq!(in_bash(&home, "tokenctl --output=cs", "cs"), ["csv"]);
    assert_eq!(in_bash(&home, "tokenctl company show 'Acme L", "Acme L"), ["Acme Ltd"]);
    assert_eq!(in_bash(&home, "tokenctl connection import ", ""), [] as [&str; 0], "files are Bash's");
    let companies = in_bash(&home, "tokenctl company show ", "");
    assert_eq!(
        companies,
        [
            r"Acme\ \$\(touch\ pwned\)\ \`touch\ pwned\`\ \*",
            r"Acme\ Ltd",
            r#"Initech:\ O\'Neill\ \&\ \"Sons\""#
        ],
    );
    // What is inserted is read by the shell as the name.
    for company in companies {
        let words = home.lines("bash", &["--norc"], &format!("printf '%s\\n' {company}"));
        assert_eq!(words.len(), 1, "{company}");
        home.ok(&["company", "show", &words[0]]);
    }
}

#[test]
fn fish_completes() {
    if !has("fish") {
        return;
    }
    let home = Home::new();
    let complete = |line: &str| {
        let script = format!("source {}; complete --do-complete '{line}'", script("tokenctl.fish"));
        home.lines("fish", &["--no-config"], &script)
    };
    assert_eq!(complete("tokenctl connection show ac"), ["acme", "acme-eu"]);
    assert_eq!(complete("tokenctl -o cs"), ["csv"]);
    assert_eq!(complete("tokenctl --output=cs"), ["--output=csv"]);
    assert!(complete("tokenctl rot")[0].starts_with("rotate\tReplace"), "{:?}", complete("tokenctl rot"));
    let companies = complete("tokenctl company show Ac");
    assert!(companies.iter().any(|name| name.contains("Ltd")), "{companies:?}");
    assert!(!complete("tokenctl company show ").iter().any(|name| name.contains("Globex")));
}

/// A terminal that zsh completes on (zsh/zpty); what it shows is looked through.
#[test]
fn zsh_completes() {
    if !has("zsh") {
        return;
    }
    let home = Home::new();
    let complete = |typed: &str| {
        let script = format!(
            r#"zmodload zsh/zpty; zpty -b shell zsh -f -i
            zpty -w shell "PS1='> '; autoload -Uz compinit; compinit -u -D; source {}; stty columns 200; print rea''dy"
            until [[ $shown == *ready* ]]; do zpty -r shell chunk && shown+=$chunk; sleep 0.02; done
            zpty -w -n shell $'tokenctl {typed}\t\C-a print -r -- \C-e # end\n'
            shown=; for turn in {{1..400}}; do zpty -r -t shell chunk && shown+=$chunk; [[ $shown == *'# end'*$'\n'*'> '* ]] && break; sleep 0.02; done
            print -r -- $shown"#,
            script("_tokenctl")
        );
        home.lines("zsh", &["-f"], &script).join("\n")
    };
    let shown = complete("connection show glo");
    assert!(shown.contains("globex"), "{shown:?}");
    let shown = complete("company show Initech");
    assert!(shown.contains(r"Initech:\ O\'Neill\ \&\ \"), "{shown:?}");
}

#[test]
fn elvish_completes() {
    if !has("elvish") {
        return;
    }
    let home = Home::new();
    let complete = |words: &str| {
        // Without a terminal there is no `edit:`: a map in its place takes what the script sets.
        let source = std::fs::read_to_string(root().join("completions/tokenctl.elv")).unwrap();
        let source = source.replace("edit:completion:arg-completer[tokenctl]", "completers[tokenctl]");
        home.lines(
            "elvish",
            &[],
            &format!("var completers = [&]\n{source}\n$completers[tokenctl] {words} | to-lines"),
        )
    };
    assert_eq!(complete("tokenctl connection show ac"), ["acme", "acme-eu"]);
    assert_eq!(complete("tokenctl --output=cs"), ["--output=csv"]);
    assert!(complete("tokenctl company show ''").contains(&"Acme Ltd".to_owned()));
}

/// Names only where an identity opens the vault by itself, and nothing but names.
#[test]
fn nothing_is_asked_written_or_said() {
    let home = Home::new();
    let names = |home: &Home, words: &[&str]| {
        let output = home.asked("elvish", words);
        assert!(output.status.success() && output.stderr.is_empty(), "{output:?}");
        String::from_utf8(output.stdout).unwrap()
    };
    let show = ["tokenctl", "connection", "show", "acme"];
    let tree = |home: &Home| {
        let output = Command::new("find").arg(home.path()).args(["-printf", "%p %T@ %s\n"]).output().unwrap();
        String::from_utf8(output.stdout).unwrap()
    };
    let before = tree(&home);
    assert_eq!(names(&home, &show), "acme\nacme-eu\n");
    assert_eq!(tree(&home), before, "a trace was left");

    // A machine that never saw the vault remembers nothing of it.
    let state = home.path().join(".local/state/tokenctl");
    std::fs::rename(&state, home.path().join("state")).unwrap();
    assert_eq!(names(&home, &show), "acme\nacme-eu\n");
    assert!(!state.exists());

    // What would ask, wait, or take what somebody else needs.
    let identity = home.path().join(".config/tokenctl/identity.txt");
    let pipe = home.path().join("pipe").display().to_string();
    assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    for (flag, value) in [
        ("--identity-file", "-"),
        ("--identity-file", "fd:0"),
        ("--identity-file", pipe.as_str()),
        ("--identity-file", "missing"),
        ("--vault", "missing"),
        ("--vault", pipe.as_str()),
        ("--config", "missing"),
        ("--vault-pin", "tkpin1wrong"),
    ] {
        assert_eq!(
            names(&home, &["tokenctl", flag, value, "connection", "show", "acme"]),
            "",
            "{flag} {value}"
        );
    }
    assert_eq!(
        names(
            &home,
            &["tokenctl", "--vault", "~/.local/share/tokenctl/vault.age", "connection", "show", "acme-"]
        ),
        "acme-eu\n"
    );
    std::fs::set_permissions(&identity, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(names(&home, &show), "", "an identity that others can read");
    // The commands are there all the same.
    assert_eq!(names(&home, &["tokenctl", "rot"]), "rotate\n");
}

/// The variable alone changes no command.
#[test]
fn a_command_is_a_command_whatever_the_environment() {
    let home = Home::new();
    for shell in ["bash", "1", "nonsense"] {
        let output = home
            .command(env!("CARGO_BIN_EXE_tokenctl"))
            .env("COMPLETE", shell)
            .args(["connection", "list", "-o", "plain", "--fields", "name"])
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 4);
    }
}
