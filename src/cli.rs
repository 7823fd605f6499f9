//! The command line: arguments in, one [`Command`] with its validated settings out. Nothing is done here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigProblems, Environment, Flags, InitFlags, InitOptions};

/// What the operator asked for, ready to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer requests until told to stop.
    Serve(Config),
    /// First run without a browser.
    Init(Config, InitOptions),
    /// Make the database agree with a file.
    Apply(Config, ApplyOptions),
}

/// What `doorward apply` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyOptions {
    pub file: PathBuf,
    /// Say what would change and change nothing.
    pub dry_run: bool,
}

/// Why there is no command: the operator asked for help, or something is wrong with what was given.
#[derive(Debug)]
pub enum Stop {
    Usage(clap::Error),
    Config(ConfigProblems),
}

#[derive(Parser)]
#[command(
    name = "doorward",
    version,
    about = "The identity front door of a small organization",
    after_help = "Without a command, `serve` is meant. A flag wins over its DOORWARD_… variable, the variable over the file."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Asked>,
    #[command(flatten)]
    flags: Flags,
}

#[derive(Subcommand)]
enum Asked {
    /// Answer requests (the default)
    Serve,
    /// First run without a browser: make the first owner and the organization
    Init(InitFlags),
    /// Make the database agree with a file and print what changed
    Apply {
        /// The file (TOML)
        file: PathBuf,
        /// Print what would change, and change nothing
        #[arg(long)]
        dry_run: bool,
    },
}

impl Command {
    /// Reads the arguments (the program's own name first), the environment and the settings file.
    pub fn parse(
        arguments: impl IntoIterator<Item = OsString>,
        environment: Environment,
    ) -> Result<Self, Stop> {
        let cli = Cli::try_parse_from(arguments)?;
        let config = Config::read(&cli.flags, environment.clone())?;
        Ok(match cli.command {
            None | Some(Asked::Serve) => Self::Serve(config),
            Some(Asked::Init(init)) => Self::Init(config, InitOptions::read(&cli.flags, &init, environment)?),
            Some(Asked::Apply { file, dry_run }) => Self::Apply(config, ApplyOptions { file, dry_run }),
        })
    }
}

impl Stop {
    /// Tells the operator and gives the exit code: 0 after `--help` and `--version`, otherwise 2.
    pub fn tell(&self) -> ExitCode {
        match self {
            Self::Usage(usage) => {
                // Nobody is left to tell when the terminal is gone.
                let _ = usage.print();
                ExitCode::from(u8::try_from(usage.exit_code()).unwrap_or(2))
            }
            Self::Config(problems) => {
                eprintln!("doorward cannot start with these settings.\n{problems}");
                ExitCode::from(2)
            }
        }
    }
}

impl From<clap::Error> for Stop {
    fn from(usage: clap::Error) -> Self {
        Self::Usage(usage)
    }
}

impl From<ConfigProblems> for Stop {
    fn from(problems: ConfigProblems) -> Self {
        Self::Config(problems)
    }
}
