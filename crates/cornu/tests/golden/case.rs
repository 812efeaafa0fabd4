//! One golden case: a layer's config, and what Keras computed with it.

use std::path::{Path, PathBuf};

use cornu::Tensor;
use safetensors::{Dtype, SafeTensors};
use serde_json::Value as Json;

/// A case as its file tells it.
pub(crate) struct Case {
    pub(crate) file: PathBuf,
    pub(crate) class: String,
    pub(crate) config: Json,
    pub(crate) call: Json,
    /// Whether `weights` has the names of weights alone, without those of layers within the layer.
    pub(crate) plain_names: bool,
    /// Name and trainability of each weight, in order.
    pub(crate) weights: Vec<(String, bool)>,
    tensors: Vec<(String, Tensor)>,
}

fn tensor(view: &safetensors::tensor::TensorView<'_>) -> Option<Tensor> {
    let words = view.data().as_chunks::<4>().0;
    let data: cornu::Data = match view.dtype() {
        Dtype::F32 => words
            .iter()
            .map(|&b| f32::from_le_bytes(b))
            .collect::<Vec<_>>()
            .into(),
        Dtype::I32 => words
            .iter()
            .map(|&b| i32::from_le_bytes(b))
            .collect::<Vec<_>>()
            .into(),
        // Numbers of categories, which are small.
        Dtype::I64 => view
            .data()
            .as_chunks::<8>()
            .0
            .iter()
            .map(|&b| i32::try_from(i64::from_le_bytes(b)).expect("a small number"))
            .collect::<Vec<_>>()
            .into(),
        // Masks: floats, as layers take them.
        Dtype::BOOL => view
            .data()
            .iter()
            .map(|&b| f32::from(b))
            .collect::<Vec<_>>()
            .into(),
        _ => return None,
    };
    Some(Tensor::new(view.shape().to_vec(), data).expect("a golden tensor has its shape"))
}

impl Case {
    /// Reads a case.
    pub(crate) fn read(file: &Path) -> Self {
        let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let (_, header) = SafeTensors::read_metadata(&bytes).expect("a golden file is valid");
        let metadata = header
            .metadata()
            .as_ref()
            .expect("a golden file tells its case");
        let json = |key: &str| -> Json {
            metadata.get(key).map_or(Json::Null, |text| {
                serde_json::from_str(text)
                    .unwrap_or_else(|e| panic!("{}: {key}: {e}", file.display()))
            })
        };
        let class = metadata["layer"].clone();
        // Layers that hold others as they are given.
        let plain_names = [
            "RNN",
            "StackedRNNCells",
            "Bidirectional",
            "TimeDistributed",
            "SpectralNormalization",
        ]
        .contains(&class.as_str());
        let weights = json("weights");
        let weights = weights.as_array().map_or(Vec::new(), |list| {
            let text = |w: &Json, key: &str| w[key].as_str().expect("a weight has it").to_owned();
            let names: std::collections::BTreeSet<String> =
                list.iter().map(|w| text(w, "name")).collect();
            list.iter()
                .map(|w| {
                    // Layers made of layers have several weights of one name: "query/kernel", "key/kernel".
                    let path = text(w, "path");
                    let within = path.split_once('/').map(|(_, rest)| rest.to_owned());
                    let name = match within {
                        // Keras's recurrent layers hold cells, ours hold the weights themselves.
                        _ if plain_names || path.contains("_cell/") => text(w, "name"),
                        Some(within) if names.len() < list.len() => within,
                        _ => text(w, "name"),
                    };
                    (name, w["trainable"] == true)
                })
                .collect()
        });
        let file_content = SafeTensors::deserialize(&bytes).expect("a golden file is valid");
        let tensors = file_content
            .iter()
            .filter_map(|(name, view)| tensor(&view).map(|t| (name.to_owned(), t)))
            .collect();
        Self {
            class,
            plain_names,
            config: json("config"),
            call: json("call"),
            weights,
            tensors,
            file: file.to_owned(),
        }
    }

    /// The tensor of a name.
    pub(crate) fn get(&self, name: &str) -> Option<&Tensor> {
        self.tensors.iter().find(|(n, _)| n == name).map(|(_, t)| t)
    }

    /// The tensors `kind.0`, `kind.1`, … .
    pub(crate) fn all(&self, kind: &str) -> Vec<&Tensor> {
        (0..)
            .map_while(|i| self.get(&format!("{kind}.{i}")))
            .collect()
    }

    /// The file's name, for messages.
    pub(crate) fn name(&self) -> String {
        self.file
            .file_stem()
            .map_or_else(String::new, |s| s.to_string_lossy().into_owned())
    }
}

/// The folders with golden files: the repository's own, and those named by the environment.
pub(crate) fn roots() -> Vec<PathBuf> {
    let mut roots = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../golden")];
    if let Some(list) = std::env::var_os("CORNU_GOLDEN_DIRS") {
        roots.extend(std::env::split_paths(&list).filter(|p| !p.as_os_str().is_empty()));
    }
    match std::env::var_os("CORNU_DATA") {
        Some(data) => roots.push(Path::new(&data).join("reference")),
        None => eprintln!("skipped: set CORNU_DATA to compare with the larger reference too"),
    }
    roots
}

/// The layer cases of all folders, in the order of their names.
pub(crate) fn layer_cases() -> Vec<Case> {
    let mut files = Vec::new();
    for root in roots() {
        let folder = root.join("layers");
        let entries =
            std::fs::read_dir(&folder).unwrap_or_else(|e| panic!("{}: {e}", folder.display()));
        let paths = entries.map(|e| e.expect("a folder can be read").path());
        files.extend(paths.filter(|p| p.extension().is_some_and(|e| e == "safetensors")));
    }
    files.sort();
    files.iter().map(|f| Case::read(f)).collect()
}
