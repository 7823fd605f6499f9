//! `directory_groups`.

use serde_json::Value;

use super::{Asked, From, Key};
use crate::error::Result;
use crate::model::{ConnectionId, DirectoryGroup, ScimId, Timestamp};
use crate::store::{Reader, Writer};

pub fn find(_r: &Reader, _connection: ConnectionId, _id: ScimId) -> Result<Option<DirectoryGroup>> {
    todo!("mirror")
}

/// Live, by folded display name.
pub fn find_by_name(_r: &Reader, _connection: ConnectionId, _key: &str) -> Result<Option<DirectoryGroup>> {
    todo!("mirror")
}

pub fn find_by_external_id(
    _r: &Reader,
    _connection: ConnectionId,
    _external: &str,
) -> Result<Option<DirectoryGroup>> {
    todo!("mirror")
}

/// By row number, removed ones too.
pub fn find_by_seq(_r: &Reader, _seq: i64) -> Result<Option<DirectoryGroup>> {
    todo!("mirror")
}

pub fn list(_r: &Reader, _asked: &Asked, _from: &From, _limit: usize) -> Result<Vec<(Key, DirectoryGroup)>> {
    todo!("mirror")
}

pub fn count(_r: &Reader, _asked: &Asked, _after: Option<&Key>) -> Result<i64> {
    todo!("mirror")
}

pub fn insert(_w: &Writer, _group: &DirectoryGroup, _search: &Value) -> Result<i64> {
    todo!("mirror")
}

/// Writes everything but seq, id and connection; counts the version up.
pub fn update(_w: &Writer, _group: &DirectoryGroup, _search: &Value) -> Result<()> {
    todo!("mirror")
}

/// Members changed: counts version and time up without rewriting the document.
pub fn touch(_w: &Writer, _seq: i64, _now: Timestamp) -> Result<()> {
    todo!("mirror")
}

pub fn remove(_w: &Writer, _seq: i64, _now: Timestamp) -> Result<()> {
    todo!("mirror")
}

pub fn restore(_w: &Writer, _seq: i64, _now: Timestamp) -> Result<()> {
    todo!("mirror")
}

pub fn sweep(_w: &Writer, _before: Timestamp) -> Result<usize> {
    todo!("mirror")
}
