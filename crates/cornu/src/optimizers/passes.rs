//! The passes over all weights of the optimizers most used are compiled loops, not programs run instruction by instruction.

use crate::graph::Op;
use crate::losses::Targets;
use crate::optimizers::Optimizer;
use crate::prelude::*;

/// How many of a training step's passes over a dense layer's kernel are compiled.
fn compiled(optimizer: impl Optimizer + 'static) -> Result<(usize, usize)> {
    let mut model = Sequential::new().input([40]).add(Dense::new(50)).build()?;
    model.compile(optimizer, MeanSquaredError::default(), [] as [&str; 0])?;
    let targets = Targets {
        shape: [50].into(),
        dtype: DType::F32,
        range: None,
    };
    let plan = model.training_plan(8, &targets)?;
    let passes = plan
        .computation
        .graph
        .nodes()
        .iter()
        .filter_map(|n| match &n.op {
            Op::Map(map) if n.outputs.len() > 1 && n.outputs[0].shape[..] == [40, 50] => Some(map),
            _ => None,
        });
    let passes: Vec<bool> = passes.map(|map| map.program.is_compiled()).collect();
    Ok((passes.len(), passes.iter().filter(|&&c| c).count()))
}

#[test]
fn passes_over_weights_are_compiled() -> Result<()> {
    assert_eq!(compiled(Adam::default())?, (1, 1));
    assert_eq!(compiled(AdamW::new(0.001))?, (1, 1));
    assert_eq!(compiled(SGD::new(0.01).momentum(0.9))?, (1, 1));
    // Others run instruction by instruction.
    assert_eq!(compiled(RMSprop::default())?, (1, 0));
    Ok(())
}
