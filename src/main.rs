//! The binary: arguments in, one call into the library, an exit code out.

use std::path::Path;
use std::process::ExitCode;

use doorward::cli::{ApplyOptions, Command, RecoverOptions, TokenCommand};
use doorward::clock::Clock;
use doorward::config::{Config, InitOptions, LogFormat};
use doorward::control::{self, Init, Recover, Request, Token};
use doorward::error::{Error, Result};
use doorward::flows::apply::{Application, named_files};
use doorward::random::Random;
use doorward::start::{self, House, Opened};
use doorward::web::server::block_on;

/// Many small pieces come and go with every request; `override` makes SQLite take its own from here too.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let command = match Command::parse(std::env::args_os(), doorward::config::environment()) {
        Ok(command) => command,
        Err(stop) => return stop.tell(),
    };
    let done = match command {
        Command::Serve(config) => {
            log(&config);
            block_on(start::serve(config))
        }
        Command::Init(config, options) => init(&config, options),
        Command::Apply(config, options) => apply(&config, &options),
        Command::Token(config, command) => token(&config, command),
        Command::Recover(config, options) => recover(&config, options),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("doorward: {}", control::explain(&error));
            ExitCode::FAILURE
        }
    }
}

fn log(config: &Config) {
    let filter = tracing_subscriber::EnvFilter::new(format!("warn,doorward={}", config.log.as_str()));
    let builder = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(false);
    match config.log_format {
        LogFormat::Json => builder.json().init(),
        LogFormat::Text => builder.init(),
    }
}

/// Does it here when nobody has the data directory, else asks the appliance that has.
fn perform(config: &Config, request: Request) -> Result<Vec<String>> {
    match House::open(config, Clock::system(), Random::system())? {
        Opened::Mine(house) => block_on(control::perform(&house.ctx, request)),
        Opened::Running => control::ask(&config.data_dir, &request),
    }
}

fn init(config: &Config, options: InitOptions) -> Result<()> {
    let passphrase = read(&options.password_file)?;
    let request = Request::Init(Init {
        owner_email: options.owner_email,
        owner_name: options.owner_name,
        passphrase: passphrase.trim_end_matches(['\r', '\n']).to_owned(),
        organization: options.organization,
        base_url: options.base_url,
    });
    let codes = perform(config, request)?;
    println!("Doorward is set up. Keep these recovery codes; they are shown this once:");
    codes.iter().for_each(|code| println!("{code}"));
    Ok(())
}

fn apply(config: &Config, options: &ApplyOptions) -> Result<()> {
    let toml = read(&options.file)?;
    let folder = options.file.parent().unwrap_or(Path::new("."));
    let mut files = std::collections::BTreeMap::new();
    for name in named_files(&toml)? {
        let content = read(&folder.join(&name))?;
        files.insert(name, content);
    }
    let changes = perform(
        config,
        Request::Apply(Application {
            toml,
            files,
            dry_run: options.dry_run,
            has_recovery_path: options.has_recovery_path,
        }),
    )?;
    match (changes.is_empty(), options.dry_run) {
        (true, _) => println!("Nothing to change."),
        (false, true) => println!("Would change:"),
        (false, false) => println!("Changed:"),
    }
    changes.iter().for_each(|line| println!("- {line}"));
    Ok(())
}

fn token(config: &Config, command: TokenCommand) -> Result<()> {
    let request = match command {
        TokenCommand::Create {
            connection,
            label,
            lifetime,
        } => Token::Create {
            connection,
            label,
            lifetime,
        },
        TokenCommand::List { connection } => Token::List { connection },
        TokenCommand::Revoke { connection, id } => Token::Revoke { connection, id },
    };
    let lines = perform(config, Request::Token(request))?;
    lines.iter().for_each(|line| println!("{line}"));
    Ok(())
}

fn recover(config: &Config, options: RecoverOptions) -> Result<()> {
    let request = Request::Recover(Recover {
        email: options.email,
        reactivate: options.reactivate,
        make_owner: options.make_owner,
        local: start::local_url(config),
    });
    perform(config, request)?
        .iter()
        .for_each(|line| println!("{line}"));
    Ok(())
}

fn read(path: &Path) -> Result<String> {
    std::fs::read_to_string(path)
        .map_err(|cause| Error::unavailable(format!("{} cannot be read ({cause}).", path.display()), cause))
}
