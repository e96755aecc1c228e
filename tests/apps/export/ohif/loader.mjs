// Labels of a DICOM Segmentation as OHIF's loader sees them: one byte a pixel, frame by frame.
// usage: node loader.cjs SEGMENTATION.dcm CINE.dcm LABELS.raw

import { readFileSync, writeFileSync } from "node:fs";
import { adaptersSEG } from "@cornerstonejs/adapters";
import { metaData } from "@cornerstonejs/core";
import dcmjs from "dcmjs";

const [segmentation, cine, out] = process.argv.slice(2);

function bytes(path) {
  const file = readFileSync(path);
  return file.buffer.slice(file.byteOffset, file.byteOffset + file.byteLength);
}

const header = dcmjs.data.DicomMetaDictionary.naturalizeDataset(
  dcmjs.data.DicomMessage.readFile(bytes(cine)).dict,
);
const frames = Number(header.NumberOfFrames ?? 1);
const imageIds = Array.from({ length: frames }, (_, i) => `wadouri:cine?frame=${i + 1}`);

// What OHIF's metadata provider answers for an ultrasound cine, which has no plane of its own.
const modules = {
  generalSeriesModule: () => ({
    modality: header.Modality,
    seriesInstanceUID: header.SeriesInstanceUID,
    studyInstanceUID: header.StudyInstanceUID,
  }),
  generalImageModule: () => ({ sopInstanceUID: header.SOPInstanceUID }),
  sopCommonModule: (frameNumber) => ({ sopInstanceUID: header.SOPInstanceUID, frameNumber }),
  frameModule: (frameNumber) => ({ frameNumber, numberOfFrames: frames }),
  imagePixelModule: () => ({ rows: header.Rows, columns: header.Columns }),
  imagePlaneModule: () => ({
    rows: header.Rows,
    columns: header.Columns,
    rowCosines: [1, 0, 0],
    columnCosines: [0, 1, 0],
    imageOrientationPatient: [1, 0, 0, 0, 1, 0],
    imagePositionPatient: [0, 0, 0],
    rowPixelSpacing: 1,
    columnPixelSpacing: 1,
  }),
  instance: () => ({ ...header }),
};
const provider = (kind, imageId) => modules[kind]?.(Number(imageId.split("frame=")[1]));
metaData.addProvider(provider, 10_000);

async function main() {
  const loaded = await adaptersSEG.Cornerstone3D.Segmentation.createFromDICOMSegBuffer(
    imageIds,
    bytes(segmentation),
    { metadataProvider: { get: provider }, skipOverlapping: false, tolerance: 1e-3 },
  );
  const [images] = loaded.labelMapImages;
  const labels = images.map((image) => Uint8Array.from(image.getPixelData()));
  writeFileSync(out, Buffer.concat(labels));
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
