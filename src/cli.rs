//! The command line: arguments in, one [`Command`] with its validated settings out. Nothing is done here.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, ConfigProblems, Environment, Flags, InitFlags, InitOptions};
use crate::model::time;

/// What the operator asked for, ready to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Answer requests until told to stop.
    Serve(Config),
    /// First run without a browser.
    Init(Config, InitOptions),
    /// Make the database agree with a file.
    Apply(Config, ApplyOptions),
    /// Tokens of SCIM clients.
    Token(Config, TokenCommand),
    /// A link that lets an owner in once, whatever is broken.
    Recover(Config, RecoverOptions),
}

/// What `doorward token` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenCommand {
    Create {
        connection: String,
        label: String,
        /// Milliseconds; `None`: until it is revoked.
        lifetime: Option<i64>,
    },
    List {
        connection: String,
    },
    Revoke {
        connection: String,
        id: String,
    },
}

/// What `doorward recover` is told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RecoverOptions {
    /// Which owner; not needed where there is only one.
    pub email: Option<String>,
    pub reactivate: bool,
    pub make_owner: bool,
}

/// What `doorward apply` is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApplyOptions {
    pub file: PathBuf,
    /// Say what would change and change nothing.
    pub dry_run: bool,
    /// An enforcement needs no proof: whoever says so can run `doorward recover` here.
    pub has_recovery_path: bool,
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
        /// Take `enforced = true` without a test sign-in and a break-glass proof: you can run `doorward recover` here
        #[arg(long = "i-have-a-recovery-path")]
        has_recovery_path: bool,
    },
    /// Print a link that lets an owner in once, within an hour, whatever is broken
    Recover {
        /// Which owner (default: the only one)
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Reactivate the owner, if they are deactivated
        #[arg(long, requires = "email")]
        reactivate: bool,
        /// Make this address an owner, if no active owner is left
        #[arg(long, requires = "email")]
        make_owner: bool,
    },
    /// Tokens by which an identity provider's SCIM client proves itself
    #[command(subcommand)]
    Token(AskedToken),
}

#[derive(Subcommand)]
enum AskedToken {
    /// Make a bearer token and print it, alone, on standard output: it is shown this once
    Create {
        /// Short name of the integration, such as okta
        #[arg(long, value_name = "SLUG")]
        connection: String,
        /// How long it lives: 12h, 365d, 52w (default: until it is revoked)
        #[arg(long, value_name = "TIME", value_parser = lifetime)]
        expires: Option<i64>,
        /// What it is for, such as \"Okta 2026\"
        #[arg(long, default_value = "")]
        label: String,
    },
    /// List the live credentials of an integration, without their secrets
    List {
        /// Short name of the integration
        #[arg(long, value_name = "SLUG")]
        connection: String,
    },
    /// End a credential at once
    Revoke {
        /// Short name of the integration
        #[arg(long, value_name = "SLUG")]
        connection: String,
        /// Its id, from `doorward token list`
        id: String,
    },
}

impl From<AskedToken> for TokenCommand {
    fn from(asked: AskedToken) -> Self {
        match asked {
            AskedToken::Create {
                connection,
                expires: lifetime,
                label,
            } => Self::Create {
                connection,
                label,
                lifetime,
            },
            AskedToken::List { connection } => Self::List { connection },
            AskedToken::Revoke { connection, id } => Self::Revoke { connection, id },
        }
    }
}

/// A whole number and a unit: `90m`, `12h`, `365d`, `52w`; in milliseconds.
fn lifetime(text: &str) -> Result<i64, String> {
    let wrong = || "Enter a whole number with m, h, d or w behind it, such as 365d.".to_owned();
    let unit = text.chars().last().ok_or_else(wrong)?;
    let millis = match unit {
        'm' => time::MINUTE,
        'h' => time::HOUR,
        'd' => time::DAY,
        'w' => 7 * time::DAY,
        _ => return Err(wrong()),
    };
    let digits = &text[..text.len() - unit.len_utf8()];
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return Err(wrong());
    }
    let number: i64 = digits.parse().map_err(|_| wrong())?;
    match number.checked_mul(millis) {
        Some(millis) if (1..=3_660 * time::DAY).contains(&millis) => Ok(millis),
        _ => Err("A token lives at least a minute and at most ten years.".to_owned()),
    }
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
            Some(Asked::Apply {
                file,
                dry_run,
                has_recovery_path,
            }) => Self::Apply(
                config,
                ApplyOptions {
                    file,
                    dry_run,
                    has_recovery_path,
                },
            ),
            Some(Asked::Recover {
                email,
                reactivate,
                make_owner,
            }) => Self::Recover(
                config,
                RecoverOptions {
                    email,
                    reactivate,
                    make_owner,
                },
            ),
            Some(Asked::Token(asked)) => Self::Token(config, asked.into()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lifetime_is_a_number_and_a_unit() {
        assert_eq!(lifetime("365d"), Ok(365 * time::DAY));
        assert_eq!(lifetime("90m"), Ok(90 * time::MINUTE));
        assert_eq!(lifetime("2w"), Ok(14 * time::DAY));
        assert_eq!(lifetime("12h"), Ok(12 * time::HOUR));
        for wrong in [
            "",
            "d",
            "0d",
            "1",
            "1y",
            "1.5d",
            "-1d",
            "+1d",
            "1 d",
            "4000d",
            "9223372036854775807w",
            "1é",
        ] {
            assert!(lifetime(wrong).is_err(), "{wrong}");
        }
    }
}
