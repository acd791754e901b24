//! Where Chinese and Latin text may be broken, and how much room stands between two characters:
//! GB/T 15834 (punctuation), W3C "Requirements for Chinese Text Layout" 3.1.

/// Signs shared by both scripts that a Chinese font draws in a square.
pub(super) const SQUARES: [char; 6] = ['‘', '’', '“', '”', '…', '·'];

const CLOSING: &str = "、。，．：；？！）〕】》」』〉〗〙〛］｝”’…—ー々・·～％‰℃°)]},.:;?!%";
const OPENING: &str = "（〔【《「『〈〖〘〚［｛“‘￥＄＃＠([{";

/// Signs in the left half of their square, and in the right half.
const LEFT_HALF: &str = "、。，．）〕】》」』〉”’";
const RIGHT_HALF: &str = "（〔【《「『〈“‘";

/// What most text consists of and no list above holds.
const fn common(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '\u{3400}'..='\u{9FFF}')
}

/// Written in squares: lines may be broken before and after it.
pub(super) const fn square(c: char) -> bool {
    let han =
        matches!(c, '\u{2E80}'..='\u{A4CF}' | '\u{AC00}'..='\u{D7A3}' | '\u{F900}'..='\u{FAFF}');
    let wide =
        matches!(c, '\u{FE30}'..='\u{FE4F}' | '\u{FF00}'..='\u{FF60}' | '\u{FFE0}'..='\u{FFE6}');
    han || wide || matches!(c, '\u{1F000}'..='\u{3FFFF}' | '—' | '…')
}

/// A Chinese character or kana, not punctuation.
const fn han(c: char) -> bool {
    let kana = matches!(c, '\u{3005}'..='\u{3007}' | '\u{3041}'..='\u{30FA}');
    kana || matches!(c, '\u{3400}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{3FFFF}')
}

/// A letter or digit of another script.
fn latin(c: char) -> bool {
    c < '\u{2000}' && c.is_alphanumeric()
}

/// No line begins with it.
pub(super) fn closes(c: char) -> bool {
    !common(c) && CLOSING.contains(c)
}

/// No line ends with it.
pub(super) fn opens(c: char) -> bool {
    !common(c) && OPENING.contains(c)
}

/// Keeps what stands at its sides together: spaces that do not break, and quotes whose side is
/// unknown.
const fn glues(c: char) -> bool {
    matches!(c, '\u{A0}' | '\u{202F}' | '\u{2060}' | '\u{FEFF}' | '"' | '\'')
}

/// Whether a line may end with `a` and the next begin with `b`. `apart`: spaces stand between them;
/// `before`: what stands before `a`.
pub(super) fn may_break(before: Option<char>, a: char, b: char, apart: bool) -> bool {
    if closes(b) || opens(a) {
        return false;
    }
    if apart {
        return true;
    }
    if glues(a) || glues(b) {
        return false;
    }
    if square(a) || square(b) {
        return true;
    }
    // Compounds, but neither dates nor options of a command.
    matches!(a, '-' | '\u{2010}' | '\u{2013}')
        && b.is_alphabetic()
        && before.is_some_and(char::is_alphanumeric)
}

/// Where a word that fits no line is best broken: after these.
pub(super) fn seam(c: char) -> bool {
    r"/\._-@&=?:,;|+".contains(c)
}

/// Whether a sign of [`SQUARES`] between these two takes the room of its ink only.
pub(super) fn alone(before: Option<char>, after: Option<char>) -> bool {
    let beside = |c: Option<char>| c.is_some_and(|c| c < '\u{2000}' && !c.is_whitespace());
    let among = |c: Option<char>| c.is_some_and(|c| square(c) && c != '—' && c != '…');
    (beside(before) || beside(after)) && !among(before) && !among(after)
}

/// The room between two characters beside their own, in parts of the size: a little between Han and
/// Latin, less than nothing where two halves of squares are empty.
pub(super) fn between(a: char, b: char) -> f32 {
    if common(a) && common(b) && a.is_ascii() == b.is_ascii() {
        return 0.0;
    }
    // Two quotes may stand among Latin text, where they fill no squares.
    if SQUARES.contains(&a) && SQUARES.contains(&b) {
        return 0.0;
    }
    let left = |c| !common(c) && LEFT_HALF.contains(c);
    let right = |c| !common(c) && RIGHT_HALF.contains(c);
    if (left(a) && (left(b) || right(b))) || (right(a) && right(b)) {
        -0.5
    } else if (han(a) && latin(b)) || (latin(a) && han(b)) {
        0.18
    } else {
        0.0
    }
}
