/* INSERT INTO "SmppServerUsers" VALUES ('commented', 'out', 1, ''); */
INSERT INTO public."SmppServerUsers" VALUES ('Test1', 'DC215545BA63D605FBCD647A9555270F566D918B', 10, '+31699887766'),
  ('O''Test2', E'806AABE39FC215F7F8CF030900A2CAE1C3E63157', '0'::integer, NULL);
INSERT INTO public.smppserverusers ("SystemID", "PasswordHash") VALUES ('Test3', '806AABE39FC215F7F8CF030900A2CAE1C3E63157');
INSERT INTO public."Other" VALUES ('SmppServerUsers', 5);
