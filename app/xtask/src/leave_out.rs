//! Leaves out of the browser half what nobody ever calls and no compiler can know of: Leptos keeps, for every view without a type of its own,
//! a pointer to taking it over step by step, and we take pages over at once ([`hydrate_from`]). Together they are a tenth of the whole.
//!
//! [`hydrate_from`]: https://docs.rs/leptos/latest/leptos/mount/fn.hydrate_from.html

use std::collections::BTreeSet;
use std::ops::Range;

use anyhow::{Result, bail};
use wasmparser::{CustomSectionReader, KnownCustom, Name, Parser, Payload, TypeRef};

/// Whether a function, by its name as Rust's compiler writes it, is called by nobody.
fn is_dead(name: &str) -> bool {
    name.contains("any_view..IntoAny$GT$8into_any13hydrate_async17h")
}

/// A function that ends the program, were it ever called: no locals, `unreachable`, `nop` as often as wanted, `end`.
const UNREACHABLE: u8 = 0x00;
const NOP: u8 = 0x01;
const END: u8 = 0x0b;

/// The module with nothing in those functions, and nothing that they were the only ones to need. Everything stays at its place, for the
/// relocations to find it.
pub(crate) fn leave_out(bytes: &[u8]) -> Result<Vec<u8>> {
    let Found { imported, code_start, bodies, dead, calls_it } = find(bytes)?;
    let emptied: Vec<Range<usize>> = dead.iter().filter_map(|number| bodies.get(number.checked_sub(imported)?).cloned()).collect();
    if emptied.is_empty() {
        bail!("no view is taken over step by step: Leptos does it in another way than it did, see leave_out.rs");
    }
    let mut whole = bytes.to_vec();
    for body in &emptied {
        let Some([locals, first, rest @ .., last]) = whole.get_mut(body.clone()) else { bail!("a function without a body") };
        (*locals, *first, *last) = (0, UNREACHABLE, END);
        rest.fill(NOP);
    }
    if calls_it {
        bail!("something takes views over step by step: what it needs is left out, see leave_out.rs");
    }
    let mut has_relocations = false;
    let is_left_out = |offset: u32| {
        let at = code_start + offset as usize;
        emptied.iter().any(|body| body.contains(&at))
    };
    let mut out = bytes.get(..8).unwrap_or_default().to_vec();
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        let Some((id, range)) = payload.as_section() else { continue };
        let range = place(range.start)..place(range.end);
        let changed = match &payload {
            Payload::CustomSection(custom) if custom.name() == "reloc.CODE" => {
                has_relocations = true;
                Some(relocations(bytes, custom, is_left_out)?)
            }
            _ => None,
        };
        let content = changed.as_deref().or_else(|| whole.get(range)).unwrap_or_default();
        out.push(id);
        leb(&mut out, content.len());
        out.extend_from_slice(content);
    }
    if !has_relocations {
        bail!("the code has no relocations; its parts could not be told apart");
    }
    Ok(out)
}

#[derive(Default)]
struct Found {
    /// So many functions come from outside, and have the first numbers.
    imported: usize,
    /// Where the code section's content begins.
    code_start: usize,
    bodies: Vec<Range<usize>>,
    dead: BTreeSet<usize>,
    /// Whether the one function is there that begins it.
    calls_it: bool,
}

fn find(bytes: &[u8]) -> Result<Found> {
    let mut found = Found::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    found.imported += usize::from(matches!(import?.ty, TypeRef::Func(_)));
                }
            }
            Payload::CodeSectionStart { range, .. } => found.code_start = place(range.start),
            Payload::CodeSectionEntry(body) => found.bodies.push(place(body.range().start)..place(body.range().end)),
            Payload::CustomSection(custom) => {
                let KnownCustom::Name(names) = custom.as_known() else { continue };
                for name in names {
                    let Name::Function(functions) = name? else { continue };
                    for naming in functions {
                        let naming = naming?;
                        found.calls_it |= naming.name.contains("hydrate_from_async");
                        if is_dead(naming.name) {
                            found.dead.insert(naming.index as usize);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    Ok(found)
}

/// The relocations of the code without those in what was left out.
fn relocations(bytes: &[u8], custom: &CustomSectionReader<'_>, is_left_out: impl Fn(u32) -> bool) -> Result<Vec<u8>> {
    let KnownCustom::Reloc(relocations) = custom.as_known() else { bail!("the relocations cannot be read") };
    let section = relocations.section_index() as usize;
    let entries: Vec<(usize, u32)> = relocations
        .entries()
        .into_iter_with_offsets()
        .map(|entry| entry.map(|(at, entry)| (place(at), entry.offset)))
        .collect::<Result<_, _>>()?;
    let ends = entries.iter().skip(1).map(|(at, _)| *at).chain([place(custom.range().end)]);
    let kept: Vec<&[u8]> = entries
        .iter()
        .zip(ends)
        .filter(|((_, offset), _)| !is_left_out(*offset))
        .filter_map(|((at, _), end)| bytes.get(*at..end))
        .collect();
    let mut content = bytes.get(place(custom.range().start)..place(custom.data_offset())).unwrap_or_default().to_vec();
    leb(&mut content, section);
    leb(&mut content, kept.len());
    content.extend(kept.concat());
    Ok(content)
}

/// A place in a file that is in memory as a whole.
#[expect(clippy::cast_possible_truncation, reason = "it is smaller than memory")]
const fn place(at: u64) -> usize {
    at as usize
}

fn leb(out: &mut Vec<u8>, mut number: usize) {
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        if number == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

#[cfg(test)]
mod tests {
    use wasm_encoder::{
        CodeSection, CustomSection, EntityType, Function, FunctionSection, ImportSection, Instruction, Module, NameMap, NameSection,
        TypeSection,
    };

    use super::*;

    const DEAD: &str = "_ZN53_$LT$T$u20$as$u20$tachys..view..any_view..IntoAny$GT$8into_any13hydrate_async17h60172913ca095310E";
    const ALIVE: &str = "_ZN53_$LT$T$u20$as$u20$tachys..view..any_view..IntoAny$GT$8into_any7rebuild17h60172913ca095310E";

    /// An import, and two functions that call it; each call has its relocation.
    fn module(names: [&str; 2]) -> Vec<u8> {
        let (mut types, mut imports, mut functions, mut code) =
            (TypeSection::new(), ImportSection::new(), FunctionSection::new(), CodeSection::new());
        types.ty().function([], []);
        imports.import("here", "log", EntityType::Function(0));
        for _ in names {
            functions.function(0);
            let mut body = Function::new([]);
            body.instruction(&Instruction::Call(0)).instruction(&Instruction::End);
            code.function(&body);
        }
        let (mut naming, mut map) = (NameSection::new(), NameMap::new());
        names.into_iter().zip(1..).for_each(|(name, number)| map.append(number, name));
        naming.functions(&map);
        // Of section 3: two relocations (kind 0, a function's number), which stand at bytes 4 and 9 of it and mean symbol 0.
        let relocations = CustomSection { name: "reloc.CODE".into(), data: [3, 2, 0, 4, 0, 0, 9, 0].as_slice().into() };
        let mut module = Module::new();
        module.section(&types).section(&imports).section(&functions).section(&code).section(&relocations).section(&naming);
        module.finish()
    }

    /// What each function does, and where relocations are left.
    fn read(bytes: &[u8]) -> (Vec<String>, Vec<u32>) {
        let (mut bodies, mut places) = (Vec::new(), Vec::new());
        for payload in Parser::new(0).parse_all(bytes) {
            match payload.expect("a module") {
                Payload::CodeSectionEntry(body) => {
                    let said = body.get_operators_reader().expect("a body").into_iter().map(|said| format!("{:?}", said.expect("code")));
                    bodies.push(said.collect::<Vec<_>>().join(" "));
                }
                Payload::CustomSection(custom) => {
                    if let KnownCustom::Reloc(relocations) = custom.as_known() {
                        places.extend(relocations.entries().into_iter().map(|entry| entry.expect("an entry").offset));
                    }
                }
                _ => {}
            }
        }
        (bodies, places)
    }

    #[test]
    fn what_nobody_calls_is_empty_and_needs_nothing() {
        let call = "Call { function_index: 0 } End";
        let whole = module([ALIVE, DEAD]);
        assert_eq!(read(&whole), (vec![call.into(), call.into()], vec![4, 9]));
        assert_eq!(read(&leave_out(&whole).expect("left out")), (vec![call.into(), "Unreachable Nop End".into()], vec![4]));
        let other = leave_out(&module([DEAD, ALIVE])).expect("left out");
        assert_eq!(read(&other), (vec!["Unreachable Nop End".into(), call.into()], vec![9]));
    }

    #[test]
    fn who_takes_views_over_step_by_step_is_noticed() {
        let words = leave_out(&module([DEAD, "_ZN6leptos5mount18hydrate_from_async17h60172913ca095310E"])).expect_err("needed").to_string();
        assert!(words.contains("is left out"), "{words}");
    }

    #[test]
    fn another_leptos_is_noticed() {
        let words = leave_out(&module([ALIVE, ALIVE])).expect_err("nothing to leave out").to_string();
        assert!(words.contains("another way"), "{words}");
    }
}
