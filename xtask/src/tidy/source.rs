//! A source file as the rules want to see it: what is code, apart from comments, strings and tests.

/// One file. All texts have the same lines; what is not of interest in one is blank there.
#[derive(Debug)]
pub(crate) struct Source {
    /// Relative to the project's top folder, with `/`.
    pub(crate) path: String,
    pub(crate) text: String,
    /// Rust without comments and without the content of strings.
    code: String,
    /// [`Source::code`] without test modules.
    product: String,
}

impl Source {
    pub(crate) fn new(path: String, text: String) -> Self {
        let code = if path.ends_with(".rs") { mask(&text) } else { text.clone() };
        let product = if is_test_file(&path) { blank(&code) } else { without_tests(&code) };
        Self { path, text, code, product }
    }

    /// Lines of code with their numbers, tests included.
    pub(crate) fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.code)
    }

    /// Lines of code with their numbers, tests left out.
    pub(crate) fn product_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        numbered(&self.product)
    }

    /// Code without tests as one text.
    pub(crate) fn product(&self) -> &str {
        &self.product
    }

    /// How many lines the file has, tests left out.
    pub(crate) fn product_length(&self) -> usize {
        if is_test_file(&self.path) {
            return 0;
        }
        let tests =
            self.code.lines().zip(self.product.lines()).filter(|(code, product)| code != product).count();
        self.text.lines().count() - tests
    }
}

/// The number of the line in which the byte `at` lies.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text[..at].matches('\n').count() + 1
}

/// Whether `word` stands in `line` as a whole word; all places.
pub(crate) fn words<'a>(line: &'a str, word: &'a str) -> impl Iterator<Item = usize> + 'a {
    line.match_indices(word).map(|(at, _)| at).filter(move |&at| {
        let before = line[..at].chars().next_back();
        let after = line[at + word.len()..].chars().next();
        !before.is_some_and(is_word) && !after.is_some_and(is_word)
    })
}

/// The place behind the brace that closes the one at `open`.
pub(crate) fn closing_brace(code: &str, open: usize) -> usize {
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(open) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return at + 1;
        }
    }
    code.len()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(at, line)| (at + 1, line))
}

fn is_test_file(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("/tests.rs")
        || path.ends_with("_tests.rs")
        || path.contains("/benches/")
}

fn blank(text: &str) -> String {
    text.chars().map(|c| if c == '\n' { '\n' } else { ' ' }).collect()
}

fn without_tests(code: &str) -> String {
    let mut product = code.to_string();
    for (start, _) in code.match_indices("#[cfg(test)]") {
        let rest = &code[start..];
        let end = match (rest.find('{'), rest.find(';')) {
            (Some(open), semicolon) if semicolon.is_none_or(|at| open < at) => {
                closing_brace(code, start + open)
            }
            (_, Some(semicolon)) => start + semicolon + 1,
            (_, None) => code.len(),
        };
        product.replace_range(start..end, &blank(&code[start..end]));
    }
    product
}

/// Blanks comments and the content of strings and characters, byte for byte.
fn mask(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = token_end(text, at);
        if let Some((from, to)) = end.hidden {
            for byte in &mut out[from..to] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
        }
        at = end.next;
    }
    String::from_utf8(out).expect("whole characters were blanked")
}

struct Token {
    /// What is to be blanked.
    hidden: Option<(usize, usize)>,
    next: usize,
}

/// The comment, string or character that begins at `at`, or one byte of code.
fn token_end(text: &str, at: usize) -> Token {
    let rest = &text.as_bytes()[at..];
    let hide =
        |open: usize, end: usize, close: usize| Token { hidden: Some((at + open, end - close)), next: end };
    let after_word =
        at > 0 && (text.as_bytes()[at - 1].is_ascii_alphanumeric() || text.as_bytes()[at - 1] == b'_');
    match rest {
        [b'/', b'/', ..] => hide(0, text[at..].find('\n').map_or(text.len(), |end| at + end), 0),
        [b'/', b'*', ..] => hide(0, block_comment_end(text, at), 0),
        [b'"', ..] => hide(1, string_end(text, at + 1), 1),
        [b'r', b'"' | b'#', ..] if !after_word => raw_string(text, at),
        [b'\'', ..] => match character_end(text, at) {
            Some(end) => hide(1, end, 1),
            None => Token { hidden: None, next: at + 1 },
        },
        _ => Token { hidden: None, next: at + 1 },
    }
}

fn block_comment_end(text: &str, at: usize) -> usize {
    let bytes = text.as_bytes();
    let (mut depth, mut here) = (0, at);
    while here + 1 < bytes.len() {
        match &bytes[here..here + 2] {
            b"/*" => (depth, here) = (depth + 1, here + 2),
            b"*/" => (depth, here) = (depth - 1, here + 2),
            _ => here += 1,
        }
        if depth == 0 {
            return here;
        }
    }
    bytes.len()
}

fn string_end(text: &str, from: usize) -> usize {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate().skip(from) {
        match byte {
            _ if escaped => escaped = false,
            b'\\' => escaped = true,
            b'"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str, at: usize) -> Token {
    let hashes = text[at + 1..].bytes().take_while(|&byte| byte == b'#').count();
    let open = at + 1 + hashes + 1;
    if text.as_bytes().get(open - 1) != Some(&b'"') {
        // A raw identifier.
        return Token { hidden: None, next: at + 1 };
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let inner = text[open..].find(&close).map_or(text.len(), |end| open + end);
    Token { hidden: Some((open, inner)), next: (inner + close.len()).min(text.len()) }
}

/// The end of a character literal; `None` for a lifetime.
fn character_end(text: &str, at: usize) -> Option<usize> {
    let mut inner = text[at + 1..].chars();
    let first = inner.next()?;
    if first == '\\' {
        let skip = at + 3;
        return text[skip..].find('\'').map(|end| skip + end + 1);
    }
    (inner.next() == Some('\'')).then(|| at + 1 + first.len_utf8() + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_strings_are_no_code() {
        let text = "a // \"x\nb /* { /* } */ */ \"{\\\"\" 'c' '\\'' r#\"}\"# <'a> '测'";
        assert_eq!(mask(text), "a      \nb                 \"   \" ' ' '  ' r#\" \"# <'a> '   '");
    }

    #[test]
    fn test_modules_are_no_product() {
        let source = Source::new(
            "core/src/a.rs".into(),
            "fn a() {}\n#[cfg(test)]\nmod tests {\n    fn b() {}\n}\nfn c() {}\n".into(),
        );
        assert!(source.product().contains("fn c") && !source.product().contains("fn b"));
        assert_eq!(source.product_length(), 2);
    }

    #[test]
    fn a_word_is_not_part_of_another() {
        assert_eq!(words("sim simple a_sim sim::x", "sim").collect::<Vec<_>>(), [0, 17]);
    }
}
