//! The orders of a model's layers and calls: Keras's for layers and their weights, and for calls one in which few tensors wait.

use std::cmp::Reverse;

use super::architecture::Architecture;

impl Architecture {
    /// The calls that the outputs need, operands first, and each call when it was first asked for.
    fn walk(&self) -> (Vec<usize>, Vec<usize>) {
        let first = self.inputs.len();
        let (mut done, mut asked) = (Vec::new(), Vec::new());
        let mut is_done = vec![false; self.calls.len()];
        let mut is_asked = vec![false; self.calls.len()];
        let ends = self.outputs.iter().rev();
        // A stack of its own: networks can be deeper than a thread's.
        let mut stack: Vec<usize> = ends.filter_map(|t| t.node.checked_sub(first)).collect();
        while let Some(&call) = stack.last() {
            if is_done[call] {
                stack.pop();
                continue;
            }
            if !is_asked[call] {
                is_asked[call] = true;
                asked.push(call);
            }
            let operands = self.calls[call].inputs.iter();
            let missing: Vec<usize> = operands
                .filter_map(|t| t.node.checked_sub(first))
                .filter(|&c| !is_done[c])
                .collect();
            if missing.is_empty() {
                is_done[call] = true;
                done.push(call);
                stack.pop();
            } else {
                stack.extend(missing.into_iter().rev());
            }
        }
        (done, asked)
    }

    /// The layers in Keras's order: those furthest from the outputs first, among equals those first asked for.
    pub(super) fn layer_order(&self) -> Vec<usize> {
        let first = self.inputs.len();
        let (done, asked) = self.walk();
        let mut depth = vec![0; self.calls.len()];
        let mut layer_depth = vec![0; self.layers.len()];
        for &call in done.iter().rev() {
            let layer = self.calls[call].layer;
            // A layer that is called twice lies as deep as the deeper call.
            depth[call] = depth[call].max(layer_depth[layer]);
            layer_depth[layer] = depth[call];
            for t in &self.calls[call].inputs {
                if let Some(operand) = t.node.checked_sub(first) {
                    depth[operand] = depth[operand].max(depth[call] + 1);
                }
            }
        }
        let mut met = vec![usize::MAX; self.layers.len()];
        for (place, &call) in asked.iter().enumerate().rev() {
            met[self.calls[call].layer] = place;
        }
        let mut order: Vec<usize> = (0..self.layers.len()).collect();
        order.sort_by_key(|&l| (Reverse(layer_depth[l]), met[l]));
        order
    }

    /// Brings the layers into an order of their numbers.
    pub(super) fn arrange_layers(&mut self, order: &[usize]) {
        let mut layers: Vec<_> = self.layers.drain(..).map(Some).collect();
        self.layers = order.iter().filter_map(|&l| layers[l].take()).collect();
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        for call in &mut self.calls {
            call.layer = place[call.layer];
        }
    }

    /// Brings the calls into the order in which a model made of symbols has them, whatever order a file lists them in: operands
    /// just before what needs them, branch after branch. Calls that no output needs come last.
    pub(super) fn arrange_calls(&mut self) {
        let first = self.inputs.len();
        let (mut order, asked) = self.walk();
        let needed: std::collections::HashSet<usize> = asked.into_iter().collect();
        order.extend((0..self.calls.len()).filter(|c| !needed.contains(c)));
        let mut place = vec![0; order.len()];
        for (new, &old) in order.iter().enumerate() {
            place[old] = new;
        }
        let mut calls: Vec<_> = self.calls.drain(..).map(Some).collect();
        self.calls = order.iter().filter_map(|&c| calls[c].take()).collect();
        let tensors = self.calls.iter_mut().flat_map(|c| &mut c.inputs);
        for t in tensors.chain(&mut self.outputs) {
            if let Some(call) = t.node.checked_sub(first) {
                t.node = first + place[call];
            }
        }
    }
}
