//! The binary: a line around the library.

fn main() -> std::process::ExitCode {
    tokenctl::app::main()
}
