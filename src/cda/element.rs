//! The elements of a header, kept flat.

/// The header's elements in document order; the elements inside one follow it immediately.
///
/// Flat rather than nested so that neither reading nor dropping it recurses, whatever the document.
#[derive(Default)]
pub(super) struct Tree {
    nodes: Vec<Node>,
    /// Indexes of the elements not yet closed.
    open: Vec<usize>,
}

struct Node {
    name: String,
    attributes: Vec<(String, String)>,
    /// Direct text, without that of the elements inside.
    text: String,
    /// Index after the last element inside this one.
    end: usize,
}

impl Tree {
    /// Opens an element inside the last one opened.
    pub fn open(&mut self, name: String, attributes: Vec<(String, String)>) {
        self.open.push(self.nodes.len());
        self.nodes.push(Node {
            name,
            attributes,
            text: String::new(),
            end: 0,
        });
    }

    /// Closes the last element opened.
    pub fn close(&mut self) {
        let end = self.nodes.len();
        if let Some(node) = self.open.pop().and_then(|i| self.nodes.get_mut(i)) {
            node.end = end;
        }
    }

    /// The text of the last element opened, to add to; none outside the header's elements.
    pub fn text(&mut self) -> Option<&mut String> {
        let last = *self.open.last()?;
        self.nodes.get_mut(last).map(|node| &mut node.text)
    }

    /// How many elements there are.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// The elements directly under `ClinicalDocument` with this name.
    pub fn children<'a>(&'a self, name: &'a str) -> impl Iterator<Item = Element<'a>> {
        Siblings {
            nodes: &self.nodes,
            next: 0,
            end: self.nodes.len(),
        }
        .filter(move |e| e.is(name))
    }

    /// Every element directly under `ClinicalDocument`, in document order.
    pub fn all(&self) -> impl Iterator<Item = Element<'_>> {
        Siblings {
            nodes: &self.nodes,
            next: 0,
            end: self.nodes.len(),
        }
    }

    /// Every element of the header, in document order, whatever its depth.
    pub fn descendants(&self) -> impl Iterator<Item = Element<'_>> {
        let nodes = &*self.nodes;
        (0..nodes.len()).map(move |index| Element { nodes, index })
    }

    /// The first element directly under `ClinicalDocument` with this name.
    pub fn child<'a>(&'a self, name: &'a str) -> Option<Element<'a>> {
        self.children(name).next()
    }
}

/// One element of the header.
#[derive(Clone, Copy)]
pub(super) struct Element<'a> {
    nodes: &'a [Node],
    index: usize,
}

impl<'a> Element<'a> {
    fn node(self) -> &'a Node {
        &self.nodes[self.index]
    }

    /// Its name, without prefix.
    pub fn name(self) -> &'a str {
        &self.node().name
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
        let (mut next, mut end) = (0, self.nodes.len());
        loop {
            let mut brothers = Siblings {
                nodes: self.nodes,
                next,
                end,
            };
            let Some(step) = brothers.find(|e| self.index < e.node().end) else {
                return path;
            };
            let brothers = Siblings {
                nodes: self.nodes,
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
            nodes: self.nodes,
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
            nodes: self.nodes,
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
        let value = self
            .node()
            .attributes
            .iter()
            .find(|(n, _)| *n == name)?
            .1
            .trim();
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
    nodes: &'a [Node],
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
            nodes: self.nodes,
            index: self.next,
        };
        // An element never ends before itself; the floor only makes the loop's end evident.
        self.next = element.node().end.max(self.next + 1);
        Some(element)
    }
}
