/** As operators run them (k8s, compose). */
export const images = { postgres: 'postgres:18', nats: 'nats:2.15' } as const;
