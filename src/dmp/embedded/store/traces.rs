//! The access history and notifications.

use rusqlite::{Connection, params};

use super::instant;
use crate::clock::Instant;
use crate::document::Oid;
use crate::error::Result;

/// A line of the access history.
pub(in crate::dmp::embedded) struct Trace<'a> {
    pub at: Instant,
    pub actor: &'a str,
    pub name: &'a str,
    pub structure: &'a str,
    pub mode: &'a str,
    pub action: &'a str,
    pub document: Option<&'a Oid>,
    pub found: bool,
    pub secret: bool,
}

pub(in crate::dmp::embedded) fn insert_trace(
    c: &Connection,
    dossier: i64,
    t: &Trace<'_>,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO trace (dossier, at, actor, name, structure, mode, action, unique_id, found, secret)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    )?
    .execute(params![
        dossier,
        t.at.millis(),
        t.actor,
        t.name,
        t.structure,
        t.mode,
        t.action,
        t.document.map(Oid::as_str),
        t.found,
        t.secret,
    ])?;
    Ok(())
}

/// A stored trace.
pub(in crate::dmp::embedded) struct TraceRow {
    pub at: Instant,
    pub actor: String,
    pub name: String,
    pub structure: String,
    pub mode: String,
    pub action: String,
    pub document: Option<Oid>,
    pub found: bool,
    pub secret: bool,
}

pub(in crate::dmp::embedded) fn traces(c: &Connection, dossier: i64) -> Result<Vec<TraceRow>> {
    let mut statement = c.prepare_cached(
        "SELECT at, actor, name, structure, mode, action, unique_id, found, secret
         FROM trace WHERE dossier = ?1 ORDER BY id",
    )?;
    let rows = statement.query_map([dossier], |row| {
        Ok(TraceRow {
            at: instant(row.get(0)?)?,
            actor: row.get(1)?,
            name: row.get(2)?,
            structure: row.get(3)?,
            mode: row.get(4)?,
            action: row.get(5)?,
            document: row.get::<_, Option<String>>(6)?.map(Oid::stored),
            found: row.get(7)?,
            secret: row.get(8)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}

/// Records that an actor entered; true the first time.
pub(in crate::dmp::embedded) fn first_visit(
    c: &Connection,
    dossier: i64,
    actor: &str,
) -> Result<bool> {
    let inserted = c
        .prepare_cached(
            "INSERT INTO visitor (dossier, actor) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        )?
        .execute(params![dossier, actor])?;
    Ok(inserted == 1)
}

/// A notification to write.
pub(in crate::dmp::embedded) struct NewNotification<'a> {
    pub at: Instant,
    /// `patient`, or the PS_IdNat of a médecin traitant.
    pub audience: &'a str,
    pub kind: &'a str,
    pub text: &'a str,
    pub document: Option<&'a Oid>,
    pub secret: bool,
}

pub(in crate::dmp::embedded) fn insert_notification(
    c: &Connection,
    dossier: i64,
    n: &NewNotification<'_>,
) -> Result<()> {
    c.prepare_cached(
        "INSERT INTO notification (dossier, at, audience, kind, text, unique_id, secret)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
    )?
    .execute(params![
        dossier,
        n.at.millis(),
        n.audience,
        n.kind,
        n.text,
        n.document.map(Oid::as_str),
        n.secret,
    ])?;
    Ok(())
}

/// A stored notification.
pub(in crate::dmp::embedded) struct NotificationRow {
    pub at: Instant,
    pub kind: String,
    pub text: String,
    pub document: Option<Oid>,
    pub secret: bool,
}

pub(in crate::dmp::embedded) fn notifications(
    c: &Connection,
    dossier: i64,
    audience: &str,
) -> Result<Vec<NotificationRow>> {
    let mut statement = c.prepare_cached(
        "SELECT at, kind, text, unique_id, secret FROM notification
         WHERE dossier = ?1 AND audience = ?2 ORDER BY at, id",
    )?;
    let rows = statement.query_map(params![dossier, audience], |row| {
        Ok(NotificationRow {
            at: instant(row.get(0)?)?,
            kind: row.get(1)?,
            text: row.get(2)?,
            document: row.get::<_, Option<String>>(3)?.map(Oid::stored),
            secret: row.get(4)?,
        })
    })?;
    Ok(rows.collect::<rusqlite::Result<_>>()?)
}
