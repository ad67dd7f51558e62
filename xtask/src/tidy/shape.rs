//! How long a file and a function may be. Tests are not counted: they are lists.
use super::Findings;
use super::source::{Source, closing_brace, line_of, words};

const FILE: usize = 500;
const FUNCTION: usize = 70;

pub(super) fn check(source: &Source, findings: &mut Findings) {
    let length = source.product_length();
    if length > FILE {
        let what = format!(
            "{length} lines without tests, and {FILE} are the most: one concept a file, so take one out"
        );
        findings.add(&source.path, FILE + 1, what);
    }
    let code = source.product();
    for start in words(code, "fn") {
        let Some(open) = body(code, start) else { continue };
        let length = code[start..closing_brace(code, open)].matches('\n').count() + 1;
        if length > FUNCTION {
            let name = code[start + 2..].trim_start().split(['(', '<']).next().unwrap_or_default();
            let what =
                format!("`{name}` has {length} lines, and {FUNCTION} are the most: give its parts names");
            findings.add(&source.path, line_of(code, start), what);
        }
    }
}

/// Where the body of the function at `start` opens; `None` for a function type or a declaration.
fn body(code: &str, start: usize) -> Option<usize> {
    let name = code[start + 2..].trim_start();
    if !name.starts_with(|c: char| c.is_alphabetic() || c == '_') {
        return None;
    }
    let mut depth = 0;
    for (at, byte) in code.bytes().enumerate().skip(start) {
        match byte {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b'{' if depth == 0 => return Some(at),
            b';' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::super::found;
    use super::*;

    #[test]
    fn a_function_of_71_lines_is_too_long_and_one_of_70_is_not() {
        let function = |lines: usize| format!("fn f(a: [u8; 3]) {{\n{}}}\n", "    x;\n".repeat(lines - 2));
        assert!(found(check, "core/src/a.rs", &function(70)).is_empty());
        assert_eq!(
            found(check, "core/src/a.rs", &function(71)),
            ["1: `f` has 71 lines, and 70 are the most: give its parts names"]
        );
    }

    #[test]
    fn a_file_of_501_lines_is_too_long_unless_they_are_tests() {
        let lines = "x!();\n".repeat(501);
        assert_eq!(found(check, "core/src/a.rs", &lines).len(), 1);
        assert!(found(check, "core/tests/a.rs", &lines).is_empty());
        assert!(
            found(check, "core/src/a.rs", &format!("#[cfg(test)]\nmod tests {{\n{lines}}}\n")).is_empty()
        );
    }
}
