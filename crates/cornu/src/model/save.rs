//! Models in one file: the architecture as Keras-style JSON, the weights as safetensors.
//!
//! The file is a safetensors file whose metadata hold the JSON, so that any reader of safetensors can look at the weights. A
//! model file is data: loading it runs nothing, and reserves no more than the file's own size justifies.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use safetensors::SafeTensorError;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use serde_json::{Value as Json, json};

use super::Model;
use super::architecture::Architecture;
use crate::error::{Error, Kind, Result};
use crate::files::{io_error, write_atomically};
use crate::train::Compiled;

/// The ending of model files.
const ENDING: &str = "cornu";

/// Where a safetensors file has its metadata, a JSON object; before it stands how long they are.
const HEADER: usize = 8;

/// The number of this layout of the metadata.
const FORMAT: u32 = 1;

fn damaged(path: &Path, what: impl std::fmt::Display) -> Error {
    Error::new(Kind::Format, format!("the model file is damaged: {what}"))
        .at(path.display().to_string())
        .help("restore it from a copy, or train the model again")
}

fn check_ending(path: &Path) -> Result<()> {
    if path.extension().is_some_and(|e| e == ENDING) {
        return Ok(());
    }
    Err(Error::config(format!(
        "model files end in .{ENDING}, received \"{}\"",
        path.display()
    ))
    .at(path.display().to_string())
    .help(format!(
        "as in \"{}\"",
        path.with_extension(ENDING).display()
    )))
}

impl Model {
    /// Writes the model to one file: architecture, weights, how it was compiled, the optimizer's memory.
    ///
    /// # Errors
    /// [`Kind::Io`] if the file cannot be written; a former file of that name is then still whole.
    ///
    /// # Example
    /// ```
    /// use cornu::prelude::*;
    /// let path = std::env::temp_dir().join("cornu-doc-save.cornu");
    /// let model = Sequential::new().input([4]).add(Dense::new(2)).build()?;
    /// model.save(&path)?;
    /// let again = Model::load(&path)?;
    /// assert_eq!(again.weights(), model.weights());
    /// # std::fs::remove_file(&path).ok();
    /// # Ok::<(), cornu::Error>(())
    /// ```
    pub fn save(&self, path: impl AsRef<Path>) -> Result<()> {
        let path = path.as_ref();
        check_ending(path)?;
        write_atomically(path, &self.to_bytes()?)
    }

    /// The content of a model file.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        // One entry, because a map of several would be written in another order each time.
        let mut about = json!({ "format": FORMAT, "model": self.architecture.to_json() });
        if let Some(compiled) = &self.compiled {
            about["compile"] = compiled.to_json();
        }
        if !self.notes.is_empty() {
            about["notes"] = json!(self.notes);
        }
        let mut names: Vec<String> = self.weights.iter().map(|w| w.path.clone()).collect();
        if let Some(compiled) = &self.compiled {
            names.extend(compiled.slot_names(self));
        }
        let bytes: Vec<Vec<u8>> = (0..names.len())
            .map(|i| {
                self.variables.all()[i]
                    .read(|values| values.iter().flat_map(|x| x.to_le_bytes()).collect())
            })
            .collect();
        let sum = checksum(bytes.iter().map(Vec::as_slice));
        about["crc32"] = sum.into();
        let metadata = HashMap::from([("cornu".to_owned(), about.to_string())]);
        let views = names
            .iter()
            .zip(&bytes)
            .enumerate()
            .map(|(i, (name, bytes))| {
                TensorView::new(Dtype::F32, self.variables.shape(i).to_vec(), bytes)
                    .map(|view| (name.as_str(), view))
                    .map_err(|e| Error::new(Kind::Weights, format!("{e}")).at(name.clone()))
            });
        let views = views.collect::<Result<Vec<_>>>()?;
        safetensors::serialize(views, Some(metadata))
            .map_err(|e| Error::new(Kind::Weights, format!("{e}")).at(self.name()))
    }

    /// Reads a model file.
    ///
    /// # Errors
    /// [`Kind::Io`] if it cannot be read; [`Kind::Format`] if it is damaged or no model; [`Kind::Weights`] if a weight is
    /// missing, too many, or of another shape; [`Kind::Config`] if it uses a layer that is not known.
    pub fn load(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        check_ending(path)?;
        let bytes = fs::read(path).map_err(|e| io_error(path, "read the model file", &e))?;
        Self::from_bytes(path, &bytes)
    }

    fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self> {
        if bytes.get(HEADER) != Some(&b'{') {
            return Err(Error::new(Kind::Format, "the file is no model of Cornu's")
                .at(path.display().to_string())
                .help("`cornu train` and `Model::save` write such files"));
        }
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(|e| match e {
            SafeTensorError::InvalidHeaderLength | SafeTensorError::MetadataIncompleteBuffer => {
                damaged(
                    path,
                    format!("it ends after {} bytes, too early", bytes.len()),
                )
            }
            e => damaged(path, e),
        })?;
        let tensors = SafeTensors::deserialize(bytes).map_err(|e| damaged(path, e))?;
        let text = header.metadata().as_ref().and_then(|m| m.get("cornu"));
        let text = text.ok_or_else(|| {
            Error::new(Kind::Format, "the file is no model of Cornu's: its metadata lack the entry \"cornu\"")
                .at(path.display().to_string())
                .help("a safetensors file with weights alone has no architecture: build the model and set its weights")
        })?;
        let about: Json =
            serde_json::from_str(text).map_err(|e| damaged(path, format!("its metadata: {e}")))?;
        if about.get("format") != Some(&FORMAT.into()) {
            let received = about.get("format").unwrap_or(&Json::Null);
            return Err(Error::new(
                Kind::Format,
                format!("expected a model file of format {FORMAT}, received {received}"),
            )
            .at(path.display().to_string())
            .help("a newer Cornu may have written it"));
        }
        let json = about
            .get("model")
            .ok_or_else(|| damaged(path, "it has no architecture"))?;
        let architecture = Architecture::from_json(json)?;
        // The file must hold what the architecture asks for before any of it is reserved.
        let entries = architecture.build()?.weights;
        for w in &entries {
            check_weight(path, &tensors, &w.path, &w.spec.shape)?;
        }
        let mut model = Self::from_architecture(architecture, 0)?;
        for i in 0..entries.len() {
            let view = view(path, &tensors, &entries[i].path)?;
            model.variables.all()[i].write(|to| copy_floats(view.data(), to));
        }
        let mut names: Vec<String> = entries.iter().map(|w| w.path.clone()).collect();
        if let Some(json) = about.get("compile") {
            let compiled = Compiled::from_json(json, &mut model)?;
            for (k, name) in compiled.slot_names(&model).into_iter().enumerate() {
                let state = entries.len() + k;
                check_weight(path, &tensors, &name, model.variables.shape(state))?;
                let view = view(path, &tensors, &name)?;
                model.variables.all()[state].write(|to| copy_floats(view.data(), to));
                names.push(name);
            }
            model.compiled = Some(compiled);
        }
        if let Some(extra) = tensors
            .names()
            .iter()
            .find(|n| !names.iter().any(|o| o == *n))
        {
            return Err(Error::new(
                Kind::Weights,
                format!("the file holds \"{extra}\", which the model does not have"),
            )
            .at(path.display().to_string()));
        }
        let mut parts = Vec::with_capacity(names.len());
        for name in &names {
            parts.push(view(path, &tensors, name)?.data());
        }
        let found = checksum(parts.into_iter());
        let stored = about.get("crc32").and_then(Json::as_str).unwrap_or("none");
        if stored != found {
            return Err(damaged(
                path,
                format!("its weights have the checksum {found}, stored is {stored}"),
            ));
        }
        if let Some(notes) = about.get("notes") {
            model.notes = serde_json::from_value(notes.clone()).map_err(|e| damaged(path, e))?;
        }
        Ok(model)
    }
}

/// CRC-32 of the tensors' bytes one after another, in the model's order: a flipped bit is noticed, not predicted with.
fn checksum<'a>(parts: impl Iterator<Item = &'a [u8]>) -> String {
    let mut crc = crc32fast::Hasher::new();
    parts.for_each(|p| crc.update(p));
    format!("{:08x}", crc.finalize())
}

fn view<'a>(path: &Path, tensors: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>> {
    tensors.tensor(name).map_err(|_| {
        Error::new(
            Kind::Weights,
            format!("the file lacks the weight \"{name}\""),
        )
        .at(path.display().to_string())
    })
}

fn check_weight(
    path: &Path,
    tensors: &SafeTensors<'_>,
    name: &str,
    shape: &crate::shape::Shape,
) -> Result<()> {
    let view = view(path, tensors, name)?;
    if view.dtype() == Dtype::F32 && view.shape() == shape.axes() {
        return Ok(());
    }
    Err(Error::new(
        Kind::Weights,
        format!(
            "the weight \"{name}\" should be float32 {shape}, the file has {:?} {:?}",
            view.dtype(),
            view.shape()
        ),
    )
    .at(path.display().to_string()))
}

fn copy_floats(bytes: &[u8], to: &mut [f32]) {
    for (x, b) in to.iter_mut().zip(bytes.chunks_exact(4)) {
        *x = f32::from_le_bytes([b[0], b[1], b[2], b[3]]);
    }
}
