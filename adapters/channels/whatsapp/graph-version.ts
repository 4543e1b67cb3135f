/** The version of the Graph API that is spoken. */
export const GRAPH_VERSION = 'v23.0';
