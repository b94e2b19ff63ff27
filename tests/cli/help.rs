use clap::Command;
use tokenctl::cli::examples::EXAMPLES;

use crate::common::Place;
use crate::common::scene::Scene;

fn leaves(command: &Command, path: &[String], found: &mut Vec<Vec<String>>) {
    for below in command.get_subcommands() {
        let path = [path, &[below.get_name().to_owned()]].concat();
        if below.has_subcommands() {
            leaves(below, &path, found);
        } else {
            found.push(path);
        }
    }
}

#[test]
fn every_command_has_a_long_help_with_an_example() {
    let place = Place::new();
    let mut commands = Vec::new();
    leaves(&tokenctl::cli::tree(), &[], &mut commands);
    assert!(commands.len() > 30, "{commands:?}");
    for command in &commands {
        let example = EXAMPLES.iter().find(|example| example.command == command.as_slice());
        assert!(example.is_some(), "{command:?} has no example");
        let words: Vec<&str> = command.iter().map(String::as_str).collect();
        let flag = place.run(&[&words[..], &["--help"]].concat());
        assert_eq!(flag.code, Some(0), "{flag}");
        assert!(flag.stdout.contains("Examples:\n") && flag.stdout.contains("$ tokenctl"), "{flag}");
        let topic = place.run(&[&["help"], &words[..]].concat());
        assert_eq!(topic.stdout.trim_end(), flag.stdout.trim_end(), "help {words:?} is the same text");
    }
}

#[test]
fn the_files_are_those_that_exist() {
    let scene = Scene::overlap();
    scene.ok(&["token", "get", "acme"]);
    let text = scene.ok(&["help", "files"]).stdout;
    let data = scene.vault().parent().unwrap().to_owned();
    for entry in std::fs::read_dir(data).unwrap() {
        let name = entry.unwrap().file_name().into_string().unwrap();
        assert!(text.contains(&name), "{name} is not explained: {text}");
    }
    for path in [".config/tokenctl/identity.txt", ".local/state/tokenctl"] {
        assert!(scene.place.home().join(path).exists());
        assert!(text.contains(path.rsplit('/').next().unwrap()), "{path}");
    }
}

#[test]
fn every_schema_that_is_listed_is_printed() {
    let place = Place::new();
    let text = place.run(&["help", "output"]).stdout;
    let (_, listed) = text.split_once("SCHEMA  ").expect("a table of schemas");
    let names: Vec<_> = listed
        .lines()
        .skip(1)
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| name.contains('/'))
        .collect();
    assert!(names.len() > 40, "{names:?}");
    for name in names {
        let ran = place.run(&["help", "schema", name]);
        assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{ran}");
        let schema: serde_json::Value = serde_json::from_str(&ran.stdout).unwrap();
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{name}");
        jsonschema::meta::validate(&schema).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let unknown = place.run(&["help", "schema", "verfy/1"]);
    insta::assert_snapshot!(unknown, @"
    --- stderr
    error: there is no schema `verfy/1`
    hint: did you mean `verify/1`? run `tokenctl help schema verify/1`
    hint: to see every schema, run `tokenctl help output`
    --- exit 2
    ");
}

#[test]
fn every_variable_that_counts_is_explained() {
    let text = Place::new().run(&["help", "environment"]).stdout;
    for name in [
        "TOKENCTL_IDENTITY",
        "TOKENCTL_HOME_ID",
        "TOKENCTL_VAULT",
        "TOKENCTL_TIMEOUT",
        "CREDENTIALS_DIRECTORY",
        "NO_COLOR",
        "CLICOLOR_FORCE",
        "XDG_DATA_HOME",
        "XDG_STATE_HOME",
        "XDG_CONFIG_HOME",
        "HOME",
    ] {
        assert!(text.contains(name), "{name}: {text}");
    }
    assert!(!text.contains("TOKENCTL_TEST"), "{text}");
}

/// The identity search of `help security`, one place after the other.
#[test]
fn the_identity_search_is_as_explained() {
    let scene = Scene::new();
    let own = scene.identity();
    let text = std::fs::read_to_string(&own).unwrap();
    let elsewhere = scene.place.put("elsewhere.txt", &text);
    scene.place.put("systemd/tokenctl-identity", &text);
    std::fs::remove_file(&own).unwrap();
    let opens = |change: &dyn for<'a> Fn(&'a mut std::process::Command) -> &'a mut std::process::Command| {
        let mut command = scene.command(&["vault", "info"]);
        change(&mut command);
        scene.place.finish(&mut command).code
    };
    assert_eq!(opens(&|command| command), Some(8));
    assert_eq!(opens(&|command| command.env("TOKENCTL_IDENTITY_FILE", &elsewhere)), Some(0));
    assert_eq!(opens(&|command| command.env("TOKENCTL_IDENTITY", &text)), Some(0));
    let systemd = scene.place.home().join("systemd");
    assert_eq!(opens(&|command| command.env("CREDENTIALS_DIRECTORY", &systemd)), Some(0));
    let stdin = || std::fs::File::open(&elsewhere).unwrap();
    assert_eq!(opens(&|command| command.arg("--identity-file=-").stdin(stdin())), Some(0));
    assert_eq!(opens(&|command| command.arg("--identity-file=fd:0").stdin(stdin())), Some(0));
    scene.place.put(".config/tokenctl/config.toml", &format!("identity-file = '{}'\n", elsewhere.display()));
    assert_eq!(opens(&|command| command), Some(0));
    // A flag that names nothing useful wins all the same.
    assert_eq!(opens(&|command| command.arg("--identity-file=missing.txt")), Some(8));
}

#[test]
fn headless_as_explained() {
    let scene = Scene::settled();
    let run = |arguments: &[&str]| {
        scene
            .place
            .finish(scene.command(arguments).env("TOKENCTL_NO_INPUT", "1").env("TOKENCTL_OUTPUT", "json"))
    };
    let verified = run(&["verify", "--all"]);
    assert!(verified.stdout.starts_with(r#"{"schema":"tokenctl.verify/1","ok":true,"#), "{verified}");
    let asked = run(&["connection", "remove", "acme"]);
    assert_eq!(asked.code, Some(2));
    assert!(asked.stderr.contains("--yes"), "{asked}");
}

#[test]
fn output_as_explained() {
    let scene = Scene::settled();
    let keys = |text: &str| {
        let value: serde_json::Value = serde_json::from_str(text).unwrap();
        let mut keys: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        keys.sort();
        keys.join(" ")
    };
    let good = scene.run(&["verify", "acme", "-o", "json"]).stdout;
    let bad = scene.run(&["verify", "nobody", "-o", "json"]).stdout;
    for text in [&good, &bad] {
        assert_eq!(keys(text), "data error ok schema warnings");
    }
    assert!(bad.contains("tokenctl.error/1"), "{bad}");
    let error: serde_json::Value = serde_json::from_str(&bad).unwrap();
    assert_eq!(keys(&error["error"].to_string()), "causes code hints kind message retry");
    for format in ["table", "csv", "plain"] {
        assert_eq!(scene.run(&["verify", "nobody", "-o", format]).stdout, "");
    }
    assert_eq!(scene.run(&["verify", "nobody", "-o", "jsonl"]).stdout.lines().count(), 1);
}
