//! Rewrites expressions so that each operator pays before it works.

use minijinja::machinery::Span;
use minijinja::machinery::ast::{
    BinOp, BinOpKind, Call, CallArg, Compare, CompareOp, Const, Expr, Filter, GetAttr, GetItem,
    IfExpr, List, Map, Slice, Spanned, Test, Tuple, UnaryOp, UnaryOpKind, Var,
};
use minijinja::{Error, Value};

use super::budget::refused;
use super::operators::{BUILT, COMPARED, COPIED, INDEXED, JOINED, SETTLED, SLICED, TIMES};

/// The name under which a loop tells how far it is.
const LOOP: &str = "loop";
/// Text up to this length is not worth paying for at every comparison.
const SHORT_BYTES: usize = 64;

/// The same expression with payments in it.
pub(super) fn guarded<'s>(expression: &Expr<'s>) -> Result<Expr<'s>, Error> {
    let span = expression.span();
    Ok(match expression {
        // A loop's own object could be kept inside the next loop's, and so on without end.
        Expr::Var(var) if var.id == LOOP => return Err(refused("it passes `loop` around")),
        Expr::Var(var) => variable(var.id, span),
        Expr::Const(constant) => literal(constant.value.clone(), span),
        Expr::Slice(slice) => guarded_slice(slice, span)?,
        Expr::UnaryOp(operation) => guarded_unary(operation, span)?,
        Expr::BinOp(operation) => guarded_binary(operation, span)?,
        Expr::Compare(comparison) => guarded_comparison(comparison, span)?,
        Expr::IfExpr(choice) => guarded_choice(choice, span)?,
        Expr::Filter(filter) => guarded_filter(filter, span)?,
        Expr::Test(test) => guarded_test(test, span)?,
        Expr::GetAttr(attribute) => guarded_attribute(attribute, span)?,
        Expr::GetItem(item) => Expr::GetItem(Spanned::new(
            GetItem {
                expr: paid(INDEXED, guarded(&item.expr)?, span),
                subscript_expr: compared(&item.subscript_expr)?,
            },
            span,
        )),
        Expr::Call(call) => Expr::Call(guarded_call(call, span)?),
        Expr::List(list) => {
            let items = all_guarded(&list.items)?;
            paid(BUILT, Expr::List(Spanned::new(List { items }, span)), span)
        }
        Expr::Tuple(tuple) => {
            let items = all_guarded(&tuple.items)?;
            paid(
                BUILT,
                Expr::Tuple(Spanned::new(Tuple { items }, span)),
                span,
            )
        }
        Expr::Map(map) => {
            let keys = map.keys.iter().map(compared).collect::<Result<_, _>>()?;
            let values = all_guarded(&map.values)?;
            paid(
                BUILT,
                Expr::Map(Spanned::new(Map { keys, values }, span)),
                span,
            )
        }
    })
}

pub(super) fn variable<'s>(name: &'s str, span: Span) -> Expr<'s> {
    Expr::Var(Spanned::new(Var { id: name }, span))
}

pub(super) fn literal<'s>(value: Value, span: Span) -> Expr<'s> {
    Expr::Const(Spanned::new(Const { value }, span))
}

/// An expression whose value goes through one of the paying filters.
pub(super) fn paid<'s>(filter: &'static str, expression: Expr<'s>, span: Span) -> Expr<'s> {
    let filter = Filter {
        name: filter,
        expr: Some(expression),
        args: Vec::new(),
    };
    Expr::Filter(Spanned::new(filter, span))
}

/// An operand of a comparison; short constants are left alone.
fn compared<'s>(expression: &Expr<'s>) -> Result<Expr<'s>, Error> {
    let is_short = match expression {
        Expr::Const(constant) => match constant.value.as_str() {
            Some(text) => text.len() <= SHORT_BYTES,
            None => constant.value.as_object().is_none(),
        },
        _ => false,
    };
    let span = expression.span();
    let inner = guarded(expression)?;
    Ok(if is_short {
        inner
    } else {
        paid(COMPARED, inner, span)
    })
}

fn all_guarded<'s>(expressions: &[Expr<'s>]) -> Result<Vec<Expr<'s>>, Error> {
    expressions.iter().map(guarded).collect()
}

fn optional<'s>(expression: Option<&Expr<'s>>) -> Result<Option<Expr<'s>>, Error> {
    expression.map(guarded).transpose()
}

fn guarded_slice<'s>(slice: &Slice<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let bound = |bound: &Option<Expr<'s>>| match bound {
        Some(bound) => guarded(bound).map(CallArg::Pos),
        None => Ok(CallArg::Pos(literal(Value::from(()), span))),
    };
    let sliced = Filter {
        name: SLICED,
        expr: Some(guarded(&slice.expr)?),
        args: vec![
            bound(&slice.start)?,
            bound(&slice.stop)?,
            bound(&slice.step)?,
        ],
    };
    Ok(Expr::Filter(Spanned::new(sliced, span)))
}

fn guarded_unary<'s>(operation: &UnaryOp<'s>, span: Span) -> Result<Expr<'s>, Error> {
    // The library's own type cannot be copied.
    let op = if matches!(operation.op, UnaryOpKind::Not) {
        UnaryOpKind::Not
    } else {
        UnaryOpKind::Neg
    };
    let expr = guarded(&operation.expr)?;
    Ok(Expr::UnaryOp(Spanned::new(UnaryOp { op, expr }, span)))
}

fn guarded_binary<'s>(operation: &BinOp<'s>, span: Span) -> Result<Expr<'s>, Error> {
    use BinOpKind as Kind;
    let BinOp { op, left, right } = operation;
    let with = |filter: Option<&'static str>| -> Result<Expr<'s>, Error> {
        let operand = |side: &Expr<'s>| {
            let inner = guarded(side)?;
            Ok::<_, Error>(match filter {
                Some(filter) => paid(filter, inner, side.span()),
                None => inner,
            })
        };
        let (left, right) = (operand(left)?, operand(right)?);
        Ok(Expr::BinOp(Spanned::new(
            BinOp {
                op: *op,
                left,
                right,
            },
            span,
        )))
    };
    match op {
        Kind::ScAnd
        | Kind::ScOr
        | Kind::Sub
        | Kind::Div
        | Kind::FloorDiv
        | Kind::Rem
        | Kind::Pow => with(None),
        Kind::Concat => with(Some(JOINED)),
        Kind::Add => Ok(paid(SETTLED, with(Some(COPIED))?, span)),
        Kind::Mul => Ok(Expr::Filter(Spanned::new(
            Filter {
                name: TIMES,
                expr: Some(guarded(left)?),
                args: vec![CallArg::Pos(guarded(right)?)],
            },
            span,
        ))),
        Kind::Eq | Kind::Ne | Kind::Lt | Kind::Lte | Kind::Gt | Kind::Gte | Kind::In => {
            let (left, right) = (compared(left)?, compared(right)?);
            Ok(Expr::BinOp(Spanned::new(
                BinOp {
                    op: *op,
                    left,
                    right,
                },
                span,
            )))
        }
    }
}

fn guarded_comparison<'s>(comparison: &Compare<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let ops = comparison.ops.iter().map(|link| {
        let expr = compared(&link.expr)?;
        Ok::<_, Error>(CompareOp { op: link.op, expr })
    });
    let ops = ops.collect::<Result<_, _>>()?;
    let expr = compared(&comparison.expr)?;
    Ok(Expr::Compare(Spanned::new(Compare { expr, ops }, span)))
}

fn guarded_choice<'s>(choice: &IfExpr<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let choice = IfExpr {
        test_expr: guarded(&choice.test_expr)?,
        true_expr: guarded(&choice.true_expr)?,
        false_expr: optional(choice.false_expr.as_ref())?,
    };
    Ok(Expr::IfExpr(Spanned::new(choice, span)))
}

/// Filters and tests pay themselves; see `filters.rs`.
fn guarded_filter<'s>(filter: &Filter<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let filter = Filter {
        name: filter.name,
        expr: optional(filter.expr.as_ref())?,
        args: guarded_arguments(&filter.args, guarded)?,
    };
    Ok(Expr::Filter(Spanned::new(filter, span)))
}

fn guarded_test<'s>(test: &Test<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let test = Test {
        name: test.name,
        expr: guarded(&test.expr)?,
        args: guarded_arguments(&test.args, guarded)?,
    };
    Ok(Expr::Test(Spanned::new(test, span)))
}

fn guarded_attribute<'s>(attribute: &GetAttr<'s>, span: Span) -> Result<Expr<'s>, Error> {
    let expr = match &attribute.expr {
        Expr::Var(var) if var.id == LOOP => variable(LOOP, span),
        other => guarded(other)?,
    };
    let name = attribute.name;
    Ok(Expr::GetAttr(Spanned::new(GetAttr { expr, name }, span)))
}

/// A call of a function, macro or method; built-in ones pay themselves.
pub(super) fn guarded_call<'s>(call: &Call<'s>, span: Span) -> Result<Spanned<Call<'s>>, Error> {
    let expr = guarded(&call.expr)?;
    let args = guarded_arguments(&call.args, compared)?;
    Ok(Spanned::new(Call { expr, args }, span))
}

fn guarded_arguments<'s>(
    arguments: &[CallArg<'s>],
    guard: fn(&Expr<'s>) -> Result<Expr<'s>, Error>,
) -> Result<Vec<CallArg<'s>>, Error> {
    let guarded = arguments.iter().map(|argument| match argument {
        CallArg::Pos(value) => guard(value).map(CallArg::Pos),
        CallArg::Kwarg(name, value) => Ok(CallArg::Kwarg(name, guard(value)?)),
        CallArg::PosSplat(_) | CallArg::KwargSplat(_) => {
            Err(refused("it spreads a list over arguments"))
        }
    });
    guarded.collect()
}
