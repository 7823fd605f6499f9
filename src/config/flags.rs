//! The flags, as text: what they mean is decided in one place for flags, environment and file alike.

use clap::Args;

/// Every setting as a flag. The help text is the reference for the variable and the file key as well.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "Settings (also DOORWARD_… variables and keys of the --config file)")]
pub struct Flags {
    /// Directory of the database and the key file [default: ./data]
    #[arg(long, value_name = "DIR", global = true)]
    pub data_dir: Option<String>,

    /// Address and port to answer on [default: 127.0.0.1:8080]
    #[arg(long, value_name = "ADDRESS:PORT", global = true)]
    pub listen: Option<String>,

    /// Address or network of a proxy whose X-Forwarded-… headers are believed; repeatable
    #[arg(long, value_name = "ADDRESS[,ADDRESS…]", global = true)]
    pub behind_proxy: Vec<String>,

    /// `self-signed`: speak TLS with a certificate made and kept in the data directory
    #[arg(long, value_name = "self-signed", global = true)]
    pub tls: Option<String>,

    /// Certificate chain (PEM); read again when it changes
    #[arg(long, value_name = "FILE", global = true)]
    pub tls_cert: Option<String>,

    /// Private key of the certificate (PEM)
    #[arg(long, value_name = "FILE", global = true)]
    pub tls_key: Option<String>,

    /// Host name, address or network of an identity provider that is not on the public internet; repeatable
    #[arg(long, value_name = "HOST|ADDRESS|NETWORK", global = true)]
    pub allow_upstream: Vec<String>,

    /// Resolver that is asked for the TXT records of e-mail domains [default: the system's]
    #[arg(long, value_name = "ADDRESS[:PORT]", global = true)]
    pub dns_server: Option<String>,

    /// Settings file (TOML)
    #[arg(long, value_name = "FILE", global = true)]
    pub config: Option<String>,

    /// Log lines as `text` or `json` [default: text]
    #[arg(long, value_name = "FORMAT", global = true)]
    pub log_format: Option<String>,

    /// Log `error`, `warn`, `info`, `debug` or `trace` and what is graver [default: info]
    #[arg(long, value_name = "LEVEL", global = true)]
    pub log: Option<String>,
}

/// What only `doorward init` takes.
#[derive(Args, Clone, Debug, Default)]
#[command(next_help_heading = "First run (also DOORWARD_… variables and keys of the --config file)")]
pub struct InitFlags {
    /// E-mail address of the first owner
    #[arg(long, value_name = "ADDRESS")]
    pub owner_email: Option<String>,

    /// Name of the first owner
    #[arg(long, value_name = "NAME")]
    pub owner_name: Option<String>,

    /// File whose first line is the owner's passphrase
    #[arg(long, value_name = "FILE")]
    pub password_file: Option<String>,

    /// Name of the organization
    #[arg(long, value_name = "NAME")]
    pub organization: Option<String>,

    /// Address at which browsers reach this appliance, such as https://id.example.com
    #[arg(long, value_name = "URL")]
    pub base_url: Option<String>,
}

/// A setting's name and the values that were given for it, none when it was not given.
pub(super) type Given = (&'static str, Vec<String>);

impl Flags {
    pub(super) fn given(&self) -> Vec<Given> {
        vec![
            ("data_dir", one(&self.data_dir)),
            ("listen", one(&self.listen)),
            ("behind_proxy", self.behind_proxy.clone()),
            ("tls", one(&self.tls)),
            ("tls_cert", one(&self.tls_cert)),
            ("tls_key", one(&self.tls_key)),
            ("allow_upstream", self.allow_upstream.clone()),
            ("dns_server", one(&self.dns_server)),
            ("log_format", one(&self.log_format)),
            ("log", one(&self.log)),
        ]
    }
}

impl InitFlags {
    pub(super) fn given(&self) -> Vec<Given> {
        vec![
            ("owner_email", one(&self.owner_email)),
            ("owner_name", one(&self.owner_name)),
            ("password_file", one(&self.password_file)),
            ("organization", one(&self.organization)),
            ("base_url", one(&self.base_url)),
        ]
    }
}

fn one(value: &Option<String>) -> Vec<String> {
    value.iter().cloned().collect()
}
