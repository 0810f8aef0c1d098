--
-- PostgreSQL database dump
--
SET standard_conforming_strings = on;
CREATE TABLE public."SmppServerUsers" ("SystemID" character varying(16) NOT NULL, "PasswordHash" character varying(40), "Credits" integer, "AddressRange" character varying(40));
COPY public."Other" (a) FROM stdin;
INSERT INTO "SmppServerUsers" VALUES ('nobody', 'x', 1, '');
\.

COPY public."SmppServerUsers" ("Credits", "SystemID", "PasswordHash", "AddressRange") FROM stdin;
10	Test1	DC215545BA63D605FBCD647A9555270F566D918B	+31699887766
0	Te\\st2	806AABE39FC215F7F8CF030900A2CAE1C3E63157	\N
\.

ALTER TABLE ONLY public."SmppServerUsers" ADD CONSTRAINT "SmppServerUsers_pkey" PRIMARY KEY ("SystemID");
