//! `token get --format`, as other tools read it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};

use crate::common::scene::Scene;

/// Whether a tool is there; a test that needs it is skipped without it, unless `TOKENCTL_REQUIRE_TOOLS` is set.
pub(crate) fn has(tool: &str, probe: &str) -> bool {
    let found = Command::new(tool).arg(probe).stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok();
    assert!(found || std::env::var_os("TOKENCTL_REQUIRE_TOOLS").is_none(), "{tool} is not installed");
    if !found {
        eprintln!("skipped: {tool} is not installed");
    }
    found
}

#[test]
fn shells_take_the_variable() {
    let scene = Scene::settled();
    let token = scene.ok(&["token", "get", "acme"]).stdout;
    for shell in ["sh", "bash"] {
        if shell == "bash" && !has(shell, "--version") {
            continue;
        }
        let mut command = scene.command(&[]);
        let program = command.get_program().to_owned();
        let mut shell = Command::new(shell);
        shell
            .args(["-c", r#"eval "$("$0" token get acme --format env)"; printf '%s\n' "$TOKENCTL_TOKEN""#])
            .arg(program)
            .env_clear()
            .envs(command.env("X", "y").get_envs().filter_map(|(name, value)| Some((name, value?))));
        assert_eq!(scene.place.finish(&mut shell).stdout, token, "{shell:?}");
    }
}

#[test]
fn python_reads_the_exec_credential() {
    if !has("python3", "--version") {
        return;
    }
    let scene = Scene::settled();
    let credential = scene.ok(&["token", "get", "acme", "--format=exec-credential"]).stdout;
    let script = "import json,sys; c=json.load(sys.stdin); s=c['status']; \
        print(c['kind'], c['apiVersion'], sorted(s), s['expirationTimestamp']); print(s['token'])";
    let mut python = Command::new("python3")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(credential.as_bytes()).unwrap();
    let output = String::from_utf8(python.wait_with_output().unwrap().stdout).unwrap();
    let token = scene.ok(&["token", "get", "acme"]).stdout;
    let facts = "ExecCredential client.authentication.k8s.io/v1 ['expirationTimestamp', 'token'] 2027-03-01T13:00:00Z";
    assert_eq!(output, format!("{facts}\n{token}"));
}

/// The configuration of the README: kubectl runs tokenctl and sends its token.
#[test]
fn kubectl_sends_the_token() {
    // No package of the usual distributions: never required.
    if Command::new("kubectl").args(["version", "--client"]).output().is_err() {
        eprintln!("skipped: kubectl is not installed");
        return;
    }
    let scene = Scene::settled_in_real_time();
    let server = TcpListener::bind("127.0.0.1:0").unwrap();
    let program = scene.command(&[]).get_program().to_str().unwrap().to_owned();
    let config = format!(
        r#"apiVersion: v1
kind: Config
clusters: [{{name: c, cluster: {{server: "http://{}"}}}}]
contexts: [{{name: c, context: {{cluster: c, user: acme}}}}]
current-context: c
users:
- name: acme
  user:
    exec:
      apiVersion: client.authentication.k8s.io/v1
      command: {program}
      args: [token, get, acme, --format, exec-credential]
      interactiveMode: Never
"#,
        server.local_addr().unwrap()
    );
    let config = scene.place.put("kubeconfig", &config);
    let answering = std::thread::spawn(move || {
        let (mut stream, _) = server.accept().unwrap();
        let mut reader = BufReader::new(stream.try_clone().unwrap());
        let mut head = String::new();
        while !head.ends_with("\r\n\r\n") {
            assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
        }
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}").unwrap();
        let _ = stream.read(&mut [0]);
        head
    });
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(config).args(["get", "--raw", "/version"]);
    kubectl.env("HOME", scene.place.home());
    let ran = scene.place.finish(&mut kubectl);
    assert_eq!(ran.stdout, "{}", "{ran}");
    let head = answering.join().unwrap();
    let token = scene.ok(&["token", "get", "acme"]).stdout;
    assert!(head.contains(&format!("Authorization: Bearer {}\r\n", token.trim_end())), "{head}");
}
