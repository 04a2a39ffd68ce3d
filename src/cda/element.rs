//! The elements of a header, kept flat.

use std::borrow::Cow;
use std::ops::Range;

/// The header's elements in document order; the elements inside one follow it immediately.
///
/// Flat rather than nested so that neither reading nor dropping it recurses, whatever the document.
pub(super) struct Tree<'t> {
    nodes: Vec<Node<'t>>,
    /// The attributes of all elements, one element's after another's.
    attributes: Vec<(&'t str, Cow<'t, str>)>,
    /// Indexes of the elements not yet closed.
    open: Vec<usize>,
}

/// Names and values are borrowed from the document wherever they stand there as they read.
struct Node<'t> {
    name: &'t str,
    /// Where the attributes are.
    attributes: Range<usize>,
    /// Direct text, without that of the elements inside.
    text: Cow<'t, str>,
    /// Index after the last element inside this one.
    end: usize,
}

impl<'t> Tree<'t> {
    /// No element yet, with room for those of an ordinary header.
    pub fn new() -> Self {
        Self {
            nodes: Vec::with_capacity(512),
            attributes: Vec::with_capacity(512),
            open: Vec::with_capacity(16),
        }
    }

    /// Opens an element inside the last one opened, with the attributes added since the last call.
    pub fn open(&mut self, name: &'t str) {
        let first = self.nodes.last().map_or(0, |last| last.attributes.end);
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            name,
            attributes: first..self.attributes.len(),
            text: Cow::Borrowed(""),
            end: 0,
        });
    }

    /// Adds an attribute to the element that opens next.
    pub fn attribute(&mut self, name: &'t str, value: Cow<'t, str>) {
        self.attributes.push((name, value));
    }

    /// Closes the last element opened.
    pub fn close(&mut self) {
        let end = self.nodes.len();
        if let Some(node) = self.open.pop().and_then(|i| self.nodes.get_mut(i)) {
            node.end = end;
        }
    }

    /// Closes every element that is open: the rest of the document is not read.
    pub fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// Adds to the text of the last element opened; outside the header's elements there is none.
    pub fn text(&mut self, piece: Cow<'t, str>) {
        let last = self.open.last().and_then(|i| self.nodes.get_mut(*i));
        let Some(node) = last else {
            return;
        };
        if !node.text.is_empty() {
            node.text.to_mut().push_str(&piece);
        } else if !piece.trim_ascii_start().is_empty() {
            // White space before the first word, all that most elements hold, is not kept.
            node.text = piece;
        }
    }

    /// Adds white space to the text of the last element opened: it separates words, before the first it is nothing.
    pub fn space(&mut self) {
        let last = self.open.last().and_then(|i| self.nodes.get_mut(*i));
        if let Some(node) = last.filter(|node| !node.text.is_empty()) {
            node.text.to_mut().push(' ');
        }
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The elements directly under `ClinicalDocument` with this name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Element<'a>> {
        Siblings {
            tree: self,
            next: 0,
            end: self.nodes.len(),
        }
        .filter(move |e| e.is(name))
    }

    /// Every element directly under `ClinicalDocument`, in document order.
    pub fn all(&self) -> impl Iterator<Item = Element<'_>> {
        Siblings {
            tree: self,
            next: 0,
            end: self.nodes.len(),
        }
    }

    /// Every element of the header, in document order, whatever its depth.
    pub fn descendants(&self) -> impl Iterator<Item = Element<'_>> {
        (0..self.nodes.len()).map(move |index| Element { tree: self, index })
    }

    /// The first element directly under `ClinicalDocument` with this name.
    pub fn child<'a>(&'a self, name: &'a str) -> Option<Element<'a>> {
        self.children(name).next()
    }
}

/// One element of the header.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    tree: &'a Tree<'a>,
    index: usize,
}

impl<'a> Element<'a> {
    fn node(self) -> &'a Node<'a> {
        &self.tree.nodes[self.index]
    }

    /// Its name, without prefix.
    pub fn name(self) -> &'a str {
        self.node().name
    }

    /// Whether this is its name.
    pub fn is(self, name: &str) -> bool {
        self.node().name == name
    }

    /// Its place among the elements of the header.
    pub fn position(self) -> usize {
        self.index
    }

    /// Where it stands: an XPath from the root, without namespaces. A place among brothers of the same name is given
    /// when there are several, and always for an author.
    pub fn path(self) -> String {
        let mut path = String::from("/ClinicalDocument");
        let (mut next, mut end) = (0, self.tree.nodes.len());
        loop {
            let mut brothers = Siblings {
                tree: self.tree,
                next,
                end,
            };
            let Some(step) = brothers.find(|e| self.index < e.node().end) else {
                return path;
            };
            let brothers = Siblings {
                tree: self.tree,
                next,
                end,
            };
            let (mut before, mut all) = (0, 0);
            for brother in brothers.filter(|e| e.name() == step.name()) {
                all += 1;
                before += usize::from(brother.index < step.index);
            }
            path.push('/');
            path.push_str(step.name());
            if all > 1 || step.is("author") {
                path.push_str(&format!("[{}]", before + 1));
            }
            if step.index == self.index {
                return path;
            }
            (next, end) = (step.index + 1, step.node().end);
        }
    }

    /// The elements directly inside, whatever their names.
    pub fn all(self) -> impl Iterator<Item = Element<'a>> {
        Siblings {
            tree: self.tree,
            next: self.index + 1,
            end: self.node().end,
        }
    }

    /// Why it says nothing, when it says so (`nullFlavor`).
    pub fn null_flavor(self) -> Option<&'a str> {
        self.attribute("nullFlavor")
    }

    /// The elements directly inside, with this name.
    pub fn children(self, name: &'a str) -> impl Iterator<Item = Element<'a>> {
        let inside = Siblings {
            tree: self.tree,
            next: self.index + 1,
            end: self.node().end,
        };
        inside.filter(move |e| e.is(name))
    }

    /// The first element directly inside, with this name.
    pub fn child(self, name: &'a str) -> Option<Element<'a>> {
        self.children(name).next()
    }

    /// The element at the end of a path, taking the first of each name.
    pub fn at(self, path: &[&'a str]) -> Option<Element<'a>> {
        path.iter()
            .try_fold(self, |element, name| element.child(name))
    }

    /// The value of an attribute without prefix, trimmed; an empty one counts as absent.
    pub fn attribute(self, name: &str) -> Option<&'a str> {
        let all = self.tree.attributes.get(self.node().attributes.clone())?;
        let value = all.iter().find(|(n, _)| *n == name)?.1.trim();
        (!value.is_empty()).then_some(value)
    }

    /// The direct text with its white space collapsed; none when there is only white space.
    pub fn text(self) -> Option<String> {
        let mut words = self.node().text.split_whitespace();
        let mut text = words.next()?.to_owned();
        for word in words {
            text.push(' ');
            text.push_str(word);
        }
        Some(text)
    }
}

struct Siblings<'a> {
    tree: &'a Tree<'a>,
    next: usize,
    end: usize,
}

impl<'a> Iterator for Siblings<'a> {
    type Item = Element<'a>;

    fn next(&mut self) -> Option<Element<'a>> {
        if self.next >= self.end {
            return None;
        }
        let element = Element {
            tree: self.tree,
            index: self.next,
        };
        // An element never ends before itself; the floor only makes the loop's end evident.
        self.next = element.node().end.max(self.next + 1);
        Some(element)
    }
}
