//! Where the boxes of a picture stand: in rows from inputs to outputs, chains straight, branches beside each other.

/// A box to be placed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Boxes and edges in their places.
#[derive(Debug)]
pub(super) struct Layout {
    /// Middle of the upper side of each box.
    pub(super) boxes: Vec<(f64, f64)>,
    /// The points through which each edge passes, from box to box.
    pub(super) edges: Vec<Vec<(f64, f64)>>,
    pub(super) width: f64,
    pub(super) height: f64,
}

/// Between boxes of one row.
const GAP: f64 = 28.0;
/// Between rows.
const ROW_GAP: f64 = 30.0;
/// The lane of an edge that passes a row.
const LANE: f64 = 14.0;

/// A box or, where an edge passes a row, the edge's place in it.
struct Node {
    row: usize,
    width: f64,
    real: bool,
    above: Vec<usize>,
    below: Vec<usize>,
}

/// Places boxes, whose edges lead from earlier to later ones.
pub(super) fn place(sizes: &[Size], edges: &[(usize, usize)]) -> Layout {
    let mut nodes: Vec<Node> = sizes
        .iter()
        .map(|s| Node {
            row: 0,
            width: s.width,
            real: true,
            above: Vec::new(),
            below: Vec::new(),
        })
        .collect();
    rows(&mut nodes, edges);
    let chains = lanes(&mut nodes, edges);
    let count = nodes.iter().map(|n| n.row + 1).max().unwrap_or(0);
    let order = order(&nodes, count);
    let xs = columns(&nodes, &order);
    let mut heights = vec![0.0f64; count];
    for (node, size) in nodes.iter().zip(sizes) {
        heights[node.row] = heights[node.row].max(size.height);
    }
    let mut tops = Vec::with_capacity(count);
    let mut y = 0.0;
    for &h in &heights {
        tops.push(y);
        y += h + ROW_GAP;
    }
    let half = |i: usize| nodes[i].width / 2.0;
    let least = (0..nodes.len())
        .map(|i| xs[i] - half(i))
        .fold(f64::MAX, f64::min);
    let most = (0..nodes.len())
        .map(|i| xs[i] + half(i))
        .fold(f64::MIN, f64::max);
    let boxes: Vec<(f64, f64)> = sizes
        .iter()
        .enumerate()
        .map(|(i, s)| {
            let row = nodes[i].row;
            (xs[i] - least, tops[row] + (heights[row] - s.height) / 2.0)
        })
        .collect();
    let edges = edges
        .iter()
        .zip(&chains)
        .map(|(&(from, to), chain)| {
            let mut points = vec![(boxes[from].0, boxes[from].1 + sizes[from].height)];
            for &lane in chain {
                let (x, row) = (xs[lane] - least, nodes[lane].row);
                points.push((x, tops[row]));
                points.push((x, tops[row] + heights[row]));
            }
            points.push(boxes[to]);
            points
        })
        .collect();
    Layout {
        boxes,
        edges,
        width: if nodes.is_empty() { 0.0 } else { most - least },
        height: (y - ROW_GAP).max(0.0),
    }
}

/// Each box one row below the lowest it comes from; what nothing leads to, just above the first it leads to.
fn rows(nodes: &mut [Node], edges: &[(usize, usize)]) {
    for &(from, to) in edges {
        nodes[to].row = nodes[to].row.max(nodes[from].row + 1);
    }
    for i in 0..nodes.len() {
        let fed = edges.iter().any(|e| e.1 == i);
        let first = edges.iter().filter(|e| e.0 == i).map(|e| nodes[e.1].row);
        if let (false, Some(first)) = (fed, first.min()) {
            nodes[i].row = first.saturating_sub(1);
        }
    }
}

/// Gives edges a lane in every row they pass, and joins neighbours.
fn lanes(nodes: &mut Vec<Node>, edges: &[(usize, usize)]) -> Vec<Vec<usize>> {
    let mut chains = Vec::with_capacity(edges.len());
    for &(from, to) in edges {
        let mut chain = Vec::new();
        let mut last = from;
        for row in nodes[from].row + 1..nodes[to].row {
            let lane = nodes.len();
            nodes.push(Node {
                row,
                width: LANE,
                real: false,
                above: vec![last],
                below: Vec::new(),
            });
            nodes[last].below.push(lane);
            chain.push(lane);
            last = lane;
        }
        nodes[last].below.push(to);
        nodes[to].above.push(last);
        chains.push(chain);
    }
    chains
}

/// The nodes of each row from left to right, with few crossings.
fn order(nodes: &[Node], count: usize) -> Vec<Vec<usize>> {
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); count];
    // Depth first, the longest branch before the others.
    let depths = depths(nodes);
    let mut seen = vec![false; nodes.len()];
    let mut stack: Vec<usize> = (0..nodes.len())
        .rev()
        .filter(|&i| nodes[i].above.is_empty())
        .collect();
    while let Some(i) = stack.pop() {
        if std::mem::replace(&mut seen[i], true) {
            continue;
        }
        rows[nodes[i].row].push(i);
        let mut below = nodes[i].below.clone();
        below.sort_by_key(|&b| std::cmp::Reverse(depths[b]));
        stack.extend(below.into_iter().rev());
    }
    let mut best = (crossings(nodes, &rows), rows.clone());
    for sweep in 0..12 {
        let mut place = vec![0.0; nodes.len()];
        let at = |rows: &[Vec<usize>], place: &mut [f64]| {
            for row in rows {
                for (x, &i) in row.iter().enumerate() {
                    place[i] = x as f64;
                }
            }
        };
        at(&rows, &mut place);
        let down = sweep % 2 == 0;
        let list: Vec<usize> = if down {
            (0..count).collect()
        } else {
            (0..count).rev().collect()
        };
        for r in list {
            let wanted = |i: usize| {
                let near = if down {
                    &nodes[i].above
                } else {
                    &nodes[i].below
                };
                match near.len() {
                    0 => place[i],
                    n => near.iter().map(|&j| place[j]).sum::<f64>() / n as f64,
                }
            };
            let mut row: Vec<(f64, usize)> = rows[r].iter().map(|&i| (wanted(i), i)).collect();
            row.sort_by(|a, b| a.0.total_cmp(&b.0));
            rows[r] = row.into_iter().map(|(_, i)| i).collect();
            at(&rows[r..=r], &mut place);
        }
        let crossed = crossings(nodes, &rows);
        if crossed < best.0 {
            best = (crossed, rows.clone());
        }
    }
    best.1
}

/// How many boxes follow each node on the longest way.
fn depths(nodes: &[Node]) -> Vec<usize> {
    let mut by_row: Vec<usize> = (0..nodes.len()).collect();
    by_row.sort_by_key(|&i| std::cmp::Reverse(nodes[i].row));
    let mut depths = vec![0; nodes.len()];
    for i in by_row {
        let below = nodes[i].below.iter().map(|&b| depths[b]).max();
        depths[i] = below.unwrap_or(0) + usize::from(nodes[i].real);
    }
    depths
}

fn crossings(nodes: &[Node], rows: &[Vec<usize>]) -> usize {
    let mut place = vec![0usize; nodes.len()];
    for row in rows {
        for (x, &i) in row.iter().enumerate() {
            place[i] = x;
        }
    }
    rows.iter()
        .map(|row| {
            let ends: Vec<(usize, usize)> = row
                .iter()
                .flat_map(|&i| nodes[i].below.iter().map(move |&b| (i, b)))
                .map(|(i, b)| (place[i], place[b]))
                .collect();
            let pairs = ends
                .iter()
                .enumerate()
                .flat_map(|(k, a)| ends[k + 1..].iter().map(move |b| (a, b)));
            pairs
                .filter(|(a, b)| (a.0 < b.0 && a.1 > b.1) || (a.0 > b.0 && a.1 < b.1))
                .count()
        })
        .sum()
}

/// The middle of each node: straight chains, packed to the left; what joins several branches stands below their middle.
fn columns(nodes: &[Node], order: &[Vec<usize>]) -> Vec<f64> {
    let mut chain: Vec<usize> = (0..nodes.len()).collect();
    let mut taken = vec![false; nodes.len()];
    let depths = depths(nodes);
    for row in order {
        let mut row = row.clone();
        row.sort_by_key(|&i| std::cmp::Reverse(depths[i]));
        for i in row {
            let Some(above) = goes_on(nodes, i) else {
                continue;
            };
            // The longest goes straight on; the others begin columns of their own.
            if !std::mem::replace(&mut taken[above], true) {
                chain[i] = chain[above];
            }
        }
    }
    let mut xs = vec![0.0f64; nodes.len()];
    // Each chain as far left as what stands left of it in any row lets it, and not left of the middle of what it joins.
    for _ in 0..nodes.len().min(60) {
        let mut wanted = vec![0.0f64; nodes.len()];
        for i in (0..nodes.len()).filter(|&i| chain[i] == i) {
            let above = &nodes[i].above;
            if above.len() > 1 && goes_on(nodes, i).is_none() {
                wanted[i] = above.iter().map(|&a| xs[chain[a]]).sum::<f64>() / above.len() as f64;
            }
        }
        for row in order {
            for pair in row.windows(2) {
                let (left, right) = (pair[0], pair[1]);
                let gap = if nodes[left].real && nodes[right].real {
                    GAP
                } else {
                    LANE
                };
                let apart = nodes[left].width / 2.0 + gap + nodes[right].width / 2.0;
                if chain[left] != chain[right] {
                    let least = xs[chain[left]] + apart;
                    wanted[chain[right]] = wanted[chain[right]].max(least);
                }
            }
        }
        if wanted == xs {
            break;
        }
        xs = wanted;
    }
    (0..nodes.len()).map(|i| xs[chain[i]]).collect()
}

/// Below which node a node goes straight on: its only box above, or the first lane where there are lanes alone.
fn goes_on(nodes: &[Node], i: usize) -> Option<usize> {
    let above = &nodes[i].above;
    let boxes: Vec<usize> = above.iter().copied().filter(|&a| nodes[a].real).collect();
    match boxes[..] {
        [one] => Some(one),
        [] => above.first().copied(),
        _ => None,
    }
}
