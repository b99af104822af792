// Makes a picture that is too large smaller before it is sent, as photographs of telephones are.
// Without this script the server says that it is too large.
"use strict";

const input = document.getElementById("picture");
const fault = document.getElementById("picture-fault");
const longestSide = 2000;  // pixels; more than any page here shows

async function smaller(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, longestSide / Math.max(bitmap.width, bitmap.height));
  const canvas = document.createElement("canvas");
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  canvas.getContext("2d").drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  const blob = await new Promise((made) => canvas.toBlob(made, "image/jpeg", 0.85));
  return new File([blob], "picture.jpg", { type: "image/jpeg" });
}

async function check() {
  const [file] = input.files;
  const largest = Number(input.dataset.largest);
  fault.textContent = "";
  input.setCustomValidity("");
  if (!file || file.size <= largest) return;
  input.setCustomValidity("One moment: the picture is being made smaller.");
  let small = null;
  try {
    small = await smaller(file);
  } catch {  // it is no picture, or the browser cannot read it
  }
  if (input.files[0] !== file) return;  // somebody has chosen another one meanwhile
  input.setCustomValidity("");
  if (small && small.size <= largest) {
    const files = new DataTransfer();
    files.items.add(small);
    input.files = files.files;
  } else {
    const limit = document.getElementById("picture-rules").textContent;
    fault.textContent = `That file is too large, and cannot be made smaller here. We take ${limit}.`;
    input.value = "";
  }
}

input.addEventListener("change", check);
check();  // after "back" a file may be chosen already
