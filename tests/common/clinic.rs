//! A doctor at work on files that may fail.

#![allow(dead_code, reason = "each test file uses its part")]

use serde_json::Value;

use crate::face::call;
use crate::practice::{
    bare, doctor, documents_of, ins, open_access, open_connector, open_dossier, open_session,
    report, report_id, traits, verified, welcome,
};

/// A doctor at work on files wherever they are.
pub struct Office {
    pub connector: usize,
    pub session: usize,
    pub access: usize,
}

impl Office {
    pub fn founded(config: &Value) -> Office {
        let connector = open_connector(config);
        open_dossier(connector, &ins(), &traits());
        let session = open_session(connector, &doctor());
        let access = welcome(session, &ins(), &traits());
        Office {
            connector,
            session,
            access,
        }
    }

    pub fn reopened(config: &Value) -> Office {
        let connector = open_connector(config);
        let session = open_session(connector, &doctor());
        let access = open_access(session, &ins());
        Office {
            connector,
            session,
            access,
        }
    }

    pub fn feed(&self, n: u32) -> &'static str {
        call("dmp_document_feed", self.access, None, Some(&report(n))).name()
    }

    /// Feeds until it fails: how many were acknowledged, and the status of the one after.
    pub fn feed_until_it_fails(&self) -> (u32, &'static str) {
        (0..2000)
            .map(|n| (n, self.feed(n)))
            .find(|(_, status)| *status != "DMP_OK")
            .expect("the disk is never full")
    }

    /// Every acknowledged document is there once; the failed one at most once, and once more fed, once.
    pub fn nothing_is_lost(&self, acknowledged: u32, failed: u32) {
        verified(self.connector);
        let found = documents_of(self.connector, &ins());
        let times = |found: &[String], n| found.iter().filter(|id| **id == report_id(n)).count();
        for n in 0..acknowledged {
            assert_eq!(times(&found, n), 1, "document {n}, acknowledged");
            let read = call("dmp_document_read", self.access, Some(&report_id(n)), None).ok();
            assert!(
                read.bytes == Some(report(n)),
                "document {n} is not as it was fed"
            );
        }
        assert!(times(&found, failed) <= 1);
        assert_eq!(self.feed(failed), "DMP_OK");
        let found = documents_of(self.connector, &ins());
        assert_eq!(times(&found, failed), 1, "the document that had failed");
        assert_eq!(
            self.feed(failed),
            "DMP_OK",
            "and fed again it is already there"
        );
        assert_eq!(documents_of(self.connector, &ins()).len(), found.len());
        verified(self.connector);
    }

    pub fn close(self) {
        bare("dmp_access_close", self.access);
        bare("dmp_session_close", self.session).ok();
        bare("dmp_connector_close", self.connector).ok();
    }
}
