//! `token get --format`, as other tools read it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpListener;
use std::process::{Command, Stdio};
use std::sync::{Arc, mpsc};

use tokio_rustls::rustls::crypto::aws_lc_rs::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, Stream};

use crate::common::scene::Scene;

/// Whether a tool is there; a test that needs it is skipped without it, unless `TOKENCTL_REQUIRE_TOOLS` is set.
#[expect(clippy::print_stderr, reason = "a test that is skipped says so")]
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

/// The configuration of the README: kubectl runs tokenctl and sends its token, over TLS alone.
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
clusters: [{{name: c, cluster: {{server: "https://{}", insecure-skip-tls-verify: true}}}}]
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
    let (requests, asked) = mpsc::channel();
    std::thread::spawn(move || {
        let tls = tls();
        for mut stream in server.incoming().flatten() {
            let Ok(mut connection) = ServerConnection::new(Arc::clone(&tls)) else { return };
            let mut reader = BufReader::new(Stream::new(&mut connection, &mut stream));
            let mut head = String::new();
            // Some versions look whether the server is there before they ask.
            while !head.ends_with("\r\n\r\n") && reader.read_line(&mut head).is_ok_and(|read| read > 0) {}
            let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}";
            let _ = requests.send(head);
            let _ = reader.get_mut().write_all(answer);
        }
    });
    let mut kubectl = Command::new("kubectl");
    kubectl.arg("--kubeconfig").arg(config).args(["get", "--raw", "/version"]);
    kubectl.env("HOME", scene.place.home());
    let ran = scene.place.finish(&mut kubectl);
    assert_eq!(ran.stdout, "{}", "{ran}");
    let token = scene.ok(&["token", "get", "acme"]).stdout;
    let header = format!("Authorization: Bearer {}\r\n", token.trim_end());
    let all: Vec<String> = asked.try_iter().collect();
    assert!(all.iter().any(|head| head.contains(&header)), "{all:?}");
}

fn tls() -> Arc<ServerConfig> {
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::try_from(pair.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![pair.cert.der().clone()], key)
        .unwrap();
    Arc::new(config)
}
