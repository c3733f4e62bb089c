//! Rewrites statements, and refuses those that no chat template needs and no limit could hold.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    Break, Call, CallArg, Continue, Do, EmitExpr, Expr, FilterBlock, ForLoop, GetAttr, IfCond,
    List, Macro, Set, SetBlock, Spanned, Stmt, Template, WithBlock,
};
use minijinja::{Error, Value};

use super::budget::refused;
use super::expressions::{guarded, guarded_call, literal, paid, variable};
use super::namespace::ASSIGN;
use super::operators::LOOPED;

/// Whether a statement runs once or as often as the template likes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Runs {
    Once,
    Often,
}

/// A whole template with payments in it.
pub(super) fn guarded_template<'s>(template: &Stmt<'s>) -> Result<Stmt<'s>, Error> {
    match template {
        Stmt::Template(root) => {
            let children = body(&root.children, Runs::Once)?;
            Ok(Stmt::Template(Spanned::new(
                Template { children },
                root.span(),
            )))
        }
        other => statement(other, Runs::Once),
    }
}

fn body<'s>(statements: &[Stmt<'s>], runs: Runs) -> Result<Vec<Stmt<'s>>, Error> {
    statements
        .iter()
        .map(|inner| statement(inner, runs))
        .collect()
}

fn statement<'s>(statement: &Stmt<'s>, runs: Runs) -> Result<Stmt<'s>, Error> {
    Ok(match statement {
        // Plain text goes the way of expressions: only those can be made to pay.
        Stmt::EmitRaw(text) => emit(literal(Value::from(text.raw), text.span()), text.span()),
        Stmt::EmitExpr(shown) => emit(guarded(&shown.expr)?, shown.span()),
        Stmt::ForLoop(looped) => Stmt::ForLoop(guarded_loop(looped, looped.span())?),
        Stmt::IfCond(condition) => {
            let inner = IfCond {
                expr: guarded(&condition.expr)?,
                true_body: body(&condition.true_body, runs)?,
                false_body: body(&condition.false_body, runs)?,
            };
            Stmt::IfCond(Spanned::new(inner, condition.span()))
        }
        Stmt::WithBlock(block) => Stmt::WithBlock(guarded_with(block, block.span(), runs)?),
        Stmt::Set(set) => assignment(set, set.span())?,
        Stmt::SetBlock(block) => {
            let inner = SetBlock {
                target: name_target(&block.target)?,
                filter: block.filter.as_ref().map(guarded).transpose()?,
                body: body(&block.body, runs)?,
            };
            Stmt::SetBlock(Spanned::new(inner, block.span()))
        }
        Stmt::FilterBlock(block) => {
            let inner = FilterBlock {
                filter: guarded(&block.filter)?,
                body: body(&block.body, runs)?,
            };
            Stmt::FilterBlock(Spanned::new(inner, block.span()))
        }
        Stmt::Macro(declared) => Stmt::Macro(guarded_macro(declared, declared.span(), runs)?),
        Stmt::Continue(inner) => Stmt::Continue(Spanned::new(Continue, inner.span())),
        Stmt::Break(inner) => Stmt::Break(Spanned::new(Break, inner.span())),
        Stmt::Do(inner) => {
            let call = guarded_call(&inner.call, inner.span())?;
            Stmt::Do(Spanned::new(Do { call }, inner.span()))
        }
        Stmt::Template(_) | Stmt::AutoEscape(_) | Stmt::CallBlock(_) => {
            return Err(refused("it has an autoescape or call block"));
        }
        Stmt::Block(_)
        | Stmt::Import(_)
        | Stmt::FromImport(_)
        | Stmt::Extends(_)
        | Stmt::Include(_) => {
            return Err(refused("it asks for other templates"));
        }
    })
}

fn emit<'s>(expr: Expr<'s>, span: Span) -> Stmt<'s> {
    Stmt::EmitExpr(Spanned::new(EmitExpr { expr }, span))
}

fn guarded_loop<'s>(looped: &ForLoop<'s>, span: Span) -> Result<Spanned<ForLoop<'s>>, Error> {
    if looped.recursive {
        return Err(refused("it has a recursive loop"));
    }
    let inner = ForLoop {
        target: name_target(&looped.target)?,
        iter: paid(LOOPED, guarded(&looped.iter)?, span),
        filter_expr: looped.filter_expr.as_ref().map(guarded).transpose()?,
        recursive: false,
        body: body(&looped.body, Runs::Often)?,
        else_body: body(&looped.else_body, Runs::Often)?,
    };
    Ok(Spanned::new(inner, span))
}

fn guarded_with<'s>(
    block: &WithBlock<'s>,
    span: Span,
    runs: Runs,
) -> Result<Spanned<WithBlock<'s>>, Error> {
    let assignments = block
        .assignments
        .iter()
        .map(|(target, value)| Ok::<_, Error>((name_target(target)?, guarded(value)?)));
    let inner = WithBlock {
        assignments: assignments.collect::<Result<_, _>>()?,
        body: body(&block.body, runs)?,
    };
    Ok(Spanned::new(inner, span))
}

/// Each run of a declaration keeps its surroundings to the end of the rendering, so it may run once.
fn guarded_macro<'s>(
    declared: &Macro<'s>,
    span: Span,
    runs: Runs,
) -> Result<Spanned<Macro<'s>>, Error> {
    if runs == Runs::Often {
        return Err(refused("it declares a macro inside a loop or macro"));
    }
    let inner = Macro {
        name: declared.name,
        args: declared
            .args
            .iter()
            .map(name_target)
            .collect::<Result<_, _>>()?,
        defaults: declared
            .defaults
            .iter()
            .map(guarded)
            .collect::<Result<_, _>>()?,
        body: body(&declared.body, Runs::Often)?,
    };
    Ok(Spanned::new(inner, span))
}

/// `{% set name = ... %}` stays; `{% set name.attribute = ... %}` becomes a call of the namespace.
fn assignment<'s>(set: &Set<'s>, span: Span) -> Result<Stmt<'s>, Error> {
    let value = guarded(&set.expr)?;
    let Expr::GetAttr(attribute) = &set.target else {
        let target = name_target(&set.target)?;
        return Ok(Stmt::Set(Spanned::new(
            Set {
                target,
                expr: value,
            },
            span,
        )));
    };
    let method = GetAttr {
        expr: guarded(&attribute.expr)?,
        name: ASSIGN,
    };
    let call = Call {
        expr: Expr::GetAttr(Spanned::new(method, span)),
        args: vec![
            CallArg::Pos(literal(Value::from(attribute.name), span)),
            CallArg::Pos(value),
        ],
    };
    let call = Spanned::new(call, span);
    Ok(Stmt::Do(Spanned::new(Do { call }, span)))
}

/// A name, or several that a list is spread over.
fn name_target<'s>(target: &Expr<'s>) -> Result<Expr<'s>, Error> {
    let span = target.span();
    match target {
        Expr::Var(name) => Ok(variable(name.id, span)),
        Expr::List(list) => {
            let items = list.items.iter().map(name_target);
            let items = items.collect::<Result<_, _>>()?;
            Ok(Expr::List(Spanned::new(List { items }, span)))
        }
        _ => Err(refused("it assigns to something that is not a name")),
    }
}
