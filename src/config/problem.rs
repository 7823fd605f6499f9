//! What is wrong with a setting: its name as the operator wrote it, where it stands, and what to do.

use std::fmt;

/// One rejected setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblem {
    /// Name and source: `--listen`, `DOORWARD_LISTEN`, or `listen` in /etc/doorward.toml, with backticks.
    pub setting: String,
    /// A sentence that starts in lower case and has no full stop.
    pub message: String,
}

/// Everything that is wrong, so that it can be mended in one go. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigProblems(pub Vec<ConfigProblem>);

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}.", self.setting, self.message)
    }
}

impl fmt::Display for ConfigProblems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { "\n" };
            write!(f, "{separator}{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigProblem {}
impl std::error::Error for ConfigProblems {}

/// `there is no such setting`, with the nearest of `known` when the name looks like a slip.
pub(super) fn unknown(name: &str, known: impl Iterator<Item = String>) -> String {
    let plain = |name: &str| name.to_lowercase().replace('-', "_");
    let wanted: String = plain(name).chars().take(100).collect();
    let nearest = known
        .map(|known| (distance(&wanted, &plain(&known)), known))
        .min();
    match nearest {
        Some((distance, known)) if distance <= 3 && distance * 2 < wanted.chars().count() => {
            format!("there is no such setting. Did you mean `{known}`?")
        }
        _ => "there is no such setting; `doorward serve --help` lists them".to_owned(),
    }
}

/// Letters to insert, delete or replace to get from `a` to `b`.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != *to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(row[j + 1] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distance_counts_single_letter_edits() {
        for (a, b, edits) in [
            ("listen", "listen", 0),
            ("lisen", "listen", 1),
            ("", "abc", 3),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), edits, "{a} to {b}");
        }
    }
}
