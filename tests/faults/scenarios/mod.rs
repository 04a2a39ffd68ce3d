//! What practices do.

mod checkpoint;
mod documents;
mod everyday;
mod offline;
mod outbox;
mod outbox_ends;
mod oversight;
mod own;
mod recover;
mod safekeeping;
mod takeover;
mod version_1;

use std::path::Path;

use serde_json::json;

use crate::face::Reply;
use crate::practice::{ask, bare, doctor, ins, open_dossier, open_session, traits, welcome};
use crate::scenario::{Desk, Kept, Scenario, Step, passing};

/// Every scenario.
pub static ALL: &[Scenario] = &[
    Scenario {
        name: "feed",
        founded: practice,
        steps: documents::feed,
    },
    Scenario {
        name: "lot",
        founded: practice,
        steps: documents::lot,
    },
    Scenario {
        name: "replace",
        founded: practice,
        steps: documents::replace,
    },
    Scenario {
        name: "changes",
        founded: documents::practice_with_documents,
        steps: documents::changes,
    },
    Scenario {
        name: "founding",
        founded: nothing,
        steps: everyday::founding,
    },
    Scenario {
        name: "consents",
        founded: practice,
        steps: everyday::consents,
    },
    Scenario {
        name: "accesses",
        founded: practice,
        steps: everyday::accesses,
    },
    Scenario {
        name: "checkpoint",
        founded: checkpoint::practice,
        steps: checkpoint::steps,
    },
    Scenario {
        name: "journal",
        founded: practice,
        steps: oversight::steps,
    },
    Scenario {
        name: "offline",
        founded: documents::practice_with_documents,
        steps: offline::steps,
    },
    Scenario {
        name: "outbox",
        founded: practice,
        steps: outbox::steps,
    },
    Scenario {
        name: "opposition",
        founded: practice,
        steps: outbox_ends::opposition,
    },
    Scenario {
        name: "dead-letter",
        founded: practice,
        steps: outbox_ends::dead_letter,
    },
    Scenario {
        name: "take-over",
        founded: takeover::with_a_past,
        steps: takeover::steps,
    },
    #[cfg(feature = "encryption")]
    Scenario {
        name: "re-key",
        founded: safekeeping::to_be_rekeyed,
        steps: safekeeping::rekey,
    },
    Scenario {
        name: "backup",
        founded: practice,
        steps: safekeeping::backup,
    },
    Scenario {
        name: "restore",
        founded: safekeeping::backed_up,
        steps: safekeeping::restore,
    },
    Scenario {
        name: "recover",
        founded: recover::restored,
        steps: recover::steps,
    },
    Scenario {
        name: "version-1",
        founded: version_1::practice,
        steps: version_1::steps,
    },
];

/// Nothing stands before.
fn nothing(_: &Path, _: Kept) {}

/// A practice at work, whose patient agrees and lets the doctor in.
pub fn practice(folder: &Path, kept: Kept) {
    let connector = Desk::at(folder, kept, None).open().ok().handle;
    open_dossier(connector, &ins(), &traits());
    let session = open_session(connector, &doctor());
    let access = welcome(session, &ins(), &traits());
    bare("dmp_access_close", access).ok();
    bare("dmp_session_close", session).ok();
    bare("dmp_connector_close", connector).ok();
}

/// Steps between the doctor's arrival and his leaving.
pub fn at_work(steps: impl IntoIterator<Item = Step>) -> Vec<Step> {
    let arrival = [connector(), session(), access()];
    arrival.into_iter().chain(steps).chain(leaving()).collect()
}

pub fn connector() -> Step {
    passing("open the connector", |desk| {
        let reply = desk.open();
        desk.connector = reply.handle;
        reply
    })
}

pub fn session() -> Step {
    passing("open the session", |desk| {
        let reply = ask("dmp_session_open", desk.connector, &doctor());
        desk.session = reply.handle;
        reply
    })
}

pub fn access() -> Step {
    passing("open the access", |desk| {
        let reply = ask("dmp_access_open", desk.session, &json!({"patient": ins()}));
        desk.access = reply.handle;
        reply
    })
}

/// Everything is closed: what SQLite kept in its journals goes to the files.
pub fn leaving() -> [Step; 3] {
    [
        passing("close the access", |desk| {
            let reply = bare("dmp_access_close", desk.access);
            // Whatever the storage answered, the handle was closed: there is nothing to do again.
            let closed = std::mem::take(&mut desk.access) == 0;
            if closed { Reply::default() } else { reply }
        }),
        passing("close the session", |desk| {
            bare("dmp_session_close", desk.session)
        }),
        passing("close the connector", |desk| {
            desk.own.take();
            bare("dmp_connector_close", desk.connector)
        }),
    ]
}
