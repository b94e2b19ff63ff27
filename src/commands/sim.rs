//! `tokenctl sim`

use crate::app::App;
use crate::cli::sim::{SimArgs, SimulatedVendor};
use crate::ops::interact::Interact as _;
use crate::output::Hint;
use crate::output::reports::sim::Simulator;
use crate::sim::{self, SimError, SimulatorConfig, Vendor};

use super::error::CommandError;
use super::exit::Exit;
use super::finish::{self, Finished};

/// Runs `sim` until it is interrupted.
pub(super) async fn run(app: &App, args: &SimArgs) -> Result<Finished, CommandError> {
    let mut config = SimulatorConfig::new(app.clock.clone());
    config.listen = args.listen;
    config.vendors = args
        .vendor
        .iter()
        .map(|vendor| match vendor {
            SimulatedVendor::Netsuite => Vendor::Netsuite,
            SimulatedVendor::Quickbooks => Vendor::Quickbooks,
            SimulatedVendor::Pax8 => Vendor::Pax8,
            SimulatedVendor::Oauth2 => Vendor::Oauth2,
        })
        .collect();
    if let Some(file) = &args.faults {
        let text = String::from_utf8_lossy(&app.read_file(file)?).into_owned();
        config.faults = sim::faults::parse(&text).map_err(|error| {
            CommandError::from(error).doing(format!("cannot arm the faults of {}", file.display()))
        })?;
    }
    let simulator = sim::start(config).await?;
    let vendors = simulator.vendors().map(|vendor| (vendor.as_str(), simulator.vendor_url(vendor)));
    let report = Simulator {
        url: simulator.base_url(),
        control: format!("{}/control", simulator.base_url()),
        vendors: vendors.collect(),
    };
    finish::print(app, &report)?;
    app.console.note("Ctrl-C stops it");
    simulator.run_until(std::future::pending()).await;
    Ok(Finished::nothing())
}

impl From<SimError> for CommandError {
    fn from(error: SimError) -> Self {
        let exit = match error {
            SimError::NotLoopback(_) => Exit::Refused,
            SimError::Listen { .. } => Exit::Conflict,
            SimError::Faults(_) => Exit::Usage,
            _ => Exit::Failure,
        };
        let hint = if matches!(error, SimError::Faults(_)) {
            Hint::command("which flags there are is shown by", ["sim", "--help"])
        } else {
            Hint::command("it takes a free port of its own with", ["sim", "--listen=127.0.0.1:0"])
        };
        Self::from_error(exit, &error).hinted(hint)
    }
}
