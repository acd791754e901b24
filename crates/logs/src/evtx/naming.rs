//! What fields the elements and attributes of an event become (docs/records.md).

/// Where in an event an element stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// Outermost: `Event`.
    Document,
    /// In `Event`: `System` and the sections.
    Event,
    /// In `System`.
    System,
    /// In `RenderingInfo`, which repeats `System` in words.
    Rendering,
    /// In `EventData`, `UserData` and the like, at any depth.
    Section,
}

/// What is made of a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shape {
    /// Text.
    Text,
    /// A whole number, where it is one.
    Int,
    /// The event's time, not a field.
    Time,
}

/// A field's name is made of these.
pub(super) enum Naming {
    /// No field.
    None,
    /// A name of its own.
    Plain(&'static str, Shape),
    /// The element's name.
    Element(Shape),
    /// The element's name, `_`, the attribute's name.
    Joined(Shape),
}

impl Place {
    /// The place of an element's children.
    pub(super) fn inside(self, element: &str) -> Self {
        match (self, element) {
            (Self::Document, "Event") => Self::Event,
            (Self::Event, "System") => Self::System,
            (Self::Event, "RenderingInfo") => Self::Rendering,
            (Self::Document | Self::Event, _) => Self::Section,
            (same, _) => same,
        }
    }

    /// The field an element's text becomes.
    pub(super) fn text(self, element: &str) -> Naming {
        match (self, element) {
            (Self::Document, _) => Naming::None,
            (Self::Rendering, "Message") => Naming::Plain("message", Shape::Text),
            (Self::Rendering, _) => Naming::None,
            (
                Self::System,
                "EventID" | "EventRecordID" | "Level" | "Task" | "Opcode" | "Version",
            ) => Naming::Element(Shape::Int),
            _ => Naming::Element(Shape::Text),
        }
    }

    /// The field an attribute becomes.
    pub(super) fn attribute(self, element: &str, attribute: &str) -> Naming {
        match (self, element, attribute) {
            (Self::Document | Self::Rendering, ..) | (Self::Event, "RenderingInfo", _) => {
                Naming::None
            }
            (_, _, "xmlns") => Naming::None,
            (Self::System, "Security", "UserID") => Naming::Plain("UserID", Shape::Text),
            (Self::System, "TimeCreated", "SystemTime") => Naming::Plain("", Shape::Time),
            (Self::System, "Execution" | "EventID", _) => Naming::Joined(Shape::Int),
            _ => Naming::Joined(Shape::Text),
        }
    }

    /// Whether an element without text is a field without text. Else it is none, as is the
    /// `Binary` that classic events have without anything in it.
    pub(super) fn keeps_empty(self, element: &str) -> bool {
        self == Self::Section && element != "Binary"
    }

    /// Whether the attribute gives the field of the element's text its name.
    pub(super) fn names(self, element: &str, attribute: &str) -> bool {
        self == Self::Section && attribute == "Name" && matches!(element, "Data" | "ComplexData")
    }
}
