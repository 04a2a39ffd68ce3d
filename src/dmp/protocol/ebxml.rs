//! ebXML RegRep 3.0 as XDS.b uses it: lots, updates, queries, lists, retrievals, to and from the words of [`crate::document`].
