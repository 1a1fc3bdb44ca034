export { ed448 } from '@noble/curves/ed448.js';
