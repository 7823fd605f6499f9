//! Brings flags, environment and file together: one set of raw values, each with where it came from.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::file;
use super::flags::{Flags, InitFlags};
use super::problem::{ConfigProblem, ConfigProblems, unknown};
use super::values;

/// Every setting, and whether it takes several values. `--config` is not one: a file cannot name another.
const SETTINGS: [(&str, Takes); 15] = [
    ("data_dir", Takes::One),
    ("listen", Takes::One),
    ("behind_proxy", Takes::Several),
    ("tls", Takes::One),
    ("tls_cert", Takes::One),
    ("tls_key", Takes::One),
    ("allow_upstream", Takes::Several),
    ("dns_server", Takes::One),
    ("log_format", Takes::One),
    ("log", Takes::One),
    ("owner_email", Takes::One),
    ("owner_name", Takes::One),
    ("password_file", Takes::One),
    ("organization", Takes::One),
    ("base_url", Takes::One),
];

const PREFIX: &str = "DOORWARD_";
const CONFIG_VARIABLE: &str = "DOORWARD_CONFIG";
const VALUE_LIMIT: usize = 4096;
const LIST_LIMIT: usize = 256;

/// How many values a setting takes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Takes {
    One,
    Several,
}

/// Where a value was read.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Origin {
    Flag,
    Environment,
    File(PathBuf),
    Nowhere,
}

struct Raw {
    values: Vec<String>,
    origin: Origin,
}

/// The raw values and what has been found wrong so far.
pub(super) struct Sources {
    given: BTreeMap<&'static str, Raw>,
    problems: Vec<ConfigProblem>,
}

impl Sources {
    /// Reads all three sources. Fails with everything that is unknown, unreadable, empty or of the wrong type.
    pub fn gather(
        flags: &Flags,
        init: &InitFlags,
        environment: Vec<(OsString, OsString)>,
    ) -> Result<Self, ConfigProblems> {
        let mut sources = Self {
            given: BTreeMap::new(),
            problems: Vec::new(),
        };
        for (name, values) in flags.given().into_iter().chain(init.given()) {
            if !values.is_empty() {
                sources.take(name, values, Origin::Flag);
            }
        }
        let config_variable = sources.take_environment(environment);
        match (&flags.config, config_variable) {
            (Some(file), _) => sources.take_file("`--config`", file),
            (None, Some(file)) => sources.take_file(&format!("`{CONFIG_VARIABLE}`"), &file),
            (None, None) => {}
        }
        if sources.problems.is_empty() {
            Ok(sources)
        } else {
            Err(ConfigProblems(sources.problems))
        }
    }

    /// `value` when nothing was wrong.
    pub fn finish<T>(self, value: T) -> Result<T, ConfigProblems> {
        if self.problems.is_empty() {
            Ok(value)
        } else {
            Err(ConfigProblems(self.problems))
        }
    }

    pub fn has_problems(&self) -> bool {
        !self.problems.is_empty()
    }

    /// The value of `name`, read by `parse`; nothing when it was not given or was rejected.
    pub fn one<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> Option<T> {
        self.many(name, parse).pop()
    }

    /// All values of `name`, read by `parse`.
    pub fn many<T>(&mut self, name: &str, parse: fn(&str) -> Result<T, String>) -> Vec<T> {
        let raw = self
            .given
            .get(name)
            .map(|raw| raw.values.clone())
            .unwrap_or_default();
        let mut values = Vec::with_capacity(raw.len());
        for value in raw {
            match parse(&value) {
                Ok(value) => values.push(value),
                Err(message) => self.reject(name, message),
            }
        }
        values
    }

    /// The value of `name` as a path. In a file, a relative path starts at the file's own directory.
    pub fn path(&mut self, name: &str) -> Option<PathBuf> {
        let path = PathBuf::from(self.one(name, values::text)?);
        match self.given.get(name).map(|raw| &raw.origin) {
            Some(Origin::File(file)) => Some(file.parent().unwrap_or(Path::new("")).join(path)),
            _ => Some(path),
        }
    }

    /// `value`, or an empty one and a problem.
    pub fn required<T: Default>(&mut self, name: &str, value: Option<T>) -> T {
        if value.is_none() {
            self.reject(name, "is missing".to_owned());
        }
        value.unwrap_or_default()
    }

    /// Notes that the value of `name` will not do.
    pub fn reject(&mut self, name: &str, message: String) {
        let setting = match self.given.get(name).map_or(&Origin::Nowhere, |raw| &raw.origin) {
            Origin::Flag | Origin::Nowhere => format!("`--{}`", name.replace('_', "-")),
            Origin::Environment => format!("`{}`", variable(name)),
            Origin::File(file) => format!("`{name}` in {}", file.display()),
        };
        self.problems.push(ConfigProblem { setting, message });
    }

    /// Keeps what `origin` says about `name`, unless a stronger source has spoken; its form is checked anyway.
    fn take(&mut self, name: &'static str, values: Vec<String>, origin: Origin) {
        let stronger = self.given.remove(name);
        let several = SETTINGS.contains(&(name, Takes::Several));
        let values: Vec<String> = match several {
            true => values
                .iter()
                .flat_map(|value| value.split(','))
                .map(|value| value.trim().to_owned())
                .collect(),
            false => values,
        };
        let wrong = form_problem(&values);
        self.given.insert(name, Raw { values, origin });
        if let Some(wrong) = wrong {
            self.reject(name, wrong);
        }
        if let Some(stronger) = stronger {
            self.given.insert(name, stronger);
        }
    }

    /// Takes all `DOORWARD_…` variables and returns the one that names the file.
    fn take_environment(&mut self, environment: Vec<(OsString, OsString)>) -> Option<String> {
        let mut file = None;
        for (name, value) in environment {
            let name = name.to_string_lossy().into_owned();
            if !name.starts_with(PREFIX) {
                continue;
            }
            let Ok(value) = value.into_string() else {
                self.report(format!("`{name}`"), "is not UTF-8 text".to_owned());
                continue;
            };
            let setting = SETTINGS.iter().find(|(setting, _)| variable(setting) == name);
            match setting {
                Some((setting, _)) => self.take(setting, vec![value], Origin::Environment),
                None if name == CONFIG_VARIABLE => file = Some(value),
                None if is_service_link(&name, &value) => {}
                None => {
                    let known = SETTINGS.iter().map(|(setting, _)| variable(setting));
                    let message = unknown(&name, known.chain([CONFIG_VARIABLE.to_owned()]));
                    self.report(format!("`{name}`"), message);
                }
            }
        }
        file
    }

    fn take_file(&mut self, named_by: &str, file: &str) {
        let wrong = form_problem(std::slice::from_ref(&file.to_owned()));
        let table = match wrong {
            Some(wrong) => Err(wrong),
            None => file::read(Path::new(file)),
        };
        match table {
            Ok(table) => table
                .into_iter()
                .for_each(|(key, value)| self.take_key(file, &key, value)),
            Err(message) => self.report(named_by.to_owned(), message),
        }
    }

    fn take_key(&mut self, file: &str, key: &str, value: toml::Value) {
        let place = format!("`{}` in {file}", key.escape_debug());
        let Some(&(name, takes)) = SETTINGS.iter().find(|(setting, _)| *setting == key) else {
            let known = SETTINGS.iter().map(|(setting, _)| (*setting).to_owned());
            return self.report(place, unknown(key, known));
        };
        match file::values_of(value, takes) {
            Ok(values) => self.take(name, values, Origin::File(file.into())),
            Err(message) => self.report(place, message),
        }
    }

    fn report(&mut self, setting: String, message: String) {
        self.problems.push(ConfigProblem { setting, message });
    }
}

fn variable(setting: &str) -> String {
    format!("{PREFIX}{}", setting.to_uppercase())
}

/// Kubernetes sets such variables in every container beside a Service that is called `doorward`.
fn is_service_link(name: &str, value: &str) -> bool {
    let rest = name.strip_prefix(PREFIX).unwrap_or(name);
    rest == "SERVICE_HOST"
        || rest == "SERVICE_PORT"
        || rest.starts_with("SERVICE_PORT_")
        || (rest == "PORT" || rest.starts_with("PORT_"))
            && (value.contains("://") || rest.contains("_TCP") || rest.contains("_UDP"))
}

/// What is wrong whatever the setting means.
fn form_problem(values: &[String]) -> Option<String> {
    if values.len() > LIST_LIMIT {
        return Some(format!("has {} values; {LIST_LIMIT} are the most", values.len()));
    }
    values.iter().find_map(|value| match value {
        value if value.trim().is_empty() => Some("is empty: give a value or leave it out".to_owned()),
        value if value.len() > VALUE_LIMIT => Some(format!(
            "is {} bytes long; {VALUE_LIMIT} are the most",
            value.len()
        )),
        value if value.chars().any(char::is_control) => {
            Some("has a control character or line break in it".to_owned())
        }
        _ => None,
    })
}
