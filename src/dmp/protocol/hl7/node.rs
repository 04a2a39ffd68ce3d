//! A message as a tree: HL7's are small and deep, and are read by going down their branches.

use std::io::BufRead;

use super::XSI;
use crate::dmp::protocol::xml::{Element, Event, Reader, XmlError};

/// Elements of a message that are kept: an official answer has 60, one of 10 candidates 200.
const MOST: usize = 20_000;

/// An element with what it holds. Elements that are nil are left out.
pub(super) struct Node {
    pub element: Element,
    pub text: String,
    pub children: Vec<Node>,
}

impl Node {
    /// Reads the element whose start was just read, to its end.
    pub fn read<R: BufRead>(reader: &mut Reader<R>, start: &Element) -> Result<Node, XmlError> {
        let mut left = MOST;
        read(reader, start.clone(), &mut left)
    }

    /// The children of a name.
    pub fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Node> {
        self.children
            .iter()
            .filter(move |c| c.element.is(super::HL7, name))
    }

    /// The first child of a name.
    pub fn first(&self, name: &str) -> Option<&Node> {
        self.children
            .iter()
            .find(|c| c.element.is(super::HL7, name))
    }

    /// Down a path of first children.
    pub fn at(&self, path: &[&str]) -> Option<&Node> {
        path.iter().try_fold(self, |node, name| node.first(name))
    }

    /// An attribute without namespace, without spaces around it.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.element.attribute(name).map(str::trim)
    }

    /// The text, without spaces around it; `None` when empty.
    pub fn text(&self) -> Option<&str> {
        Some(self.text.trim()).filter(|t| !t.is_empty())
    }

    /// The root and extension of an II.
    pub fn id(&self) -> super::Id {
        let get = |name: &str| self.attribute(name).unwrap_or_default().to_owned();
        super::Id {
            root: get("root"),
            extension: get("extension"),
        }
    }
}

/// Bounded by the reader's depth and by `left`.
fn read<R: BufRead>(
    reader: &mut Reader<R>,
    element: Element,
    left: &mut usize,
) -> Result<Node, XmlError> {
    *left = left.checked_sub(1).ok_or(XmlError::TooLarge)?;
    let mut node = Node {
        element,
        text: String::new(),
        children: Vec::new(),
    };
    loop {
        match reader.next()? {
            Event::Text(text) => node.text.push_str(&text),
            Event::Start(child) => {
                let nil = matches!(child.attribute_ns(XSI, "nil"), Some("true" | "1"));
                let child = read(reader, child, left)?;
                if !nil {
                    node.children.push(child);
                }
            }
            Event::End => return Ok(node),
            Event::Eof => return Err(XmlError::Cut),
        }
    }
}
